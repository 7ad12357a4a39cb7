"""Hand-written geography: country names, admin-1 names, postal prefixes."""

# ISO code -> (English name, rows wanted in places.csv)
COUNTRIES = {
    "US": ("United States", 5600), "CN": ("China", 2000), "BR": ("Brazil", 1900),
    "KR": ("South Korea", 550), "FR": ("France", 1400), "GB": ("United Kingdom", 1300),
    "DE": ("Germany", 1500), "ES": ("Spain", 1100), "JP": ("Japan", 1150),
    "AU": ("Australia", 1000), "BE": ("Belgium", 560), "PL": ("Poland", 850),
    "AT": ("Austria", 420), "CO": ("Colombia", 600),
}


def table(text):
    """'01 Name;02 Other' -> {'01': 'Name', ...}"""
    return dict(item.strip().split(" ", 1) for item in text.replace("\n", "").split(";") if item.strip())


US_STATES = table("""AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware;
DC District of Columbia;FL Florida;GA Georgia;HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;KY Kentucky;
LA Louisiana;ME Maine;MD Maryland;MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;MO Missouri;MT Montana;
NE Nebraska;NV Nevada;NH New Hampshire;NJ New Jersey;NM New Mexico;NY New York;NC North Carolina;ND North Dakota;OH Ohio;
OK Oklahoma;OR Oregon;PA Pennsylvania;RI Rhode Island;SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;UT Utah;
VT Vermont;VA Virginia;WA Washington;WV West Virginia;WI Wisconsin;WY Wyoming""")

STATES = {
    "US": US_STATES,
    "CN": table("""01 Anhui;02 Zhejiang;03 Jiangxi;04 Jiangsu;05 Jilin;06 Qinghai;07 Fujian;08 Heilongjiang;09 Henan;10 Hebei;
11 Hunan;12 Hubei;13 Xinjiang;14 Tibet;15 Gansu;16 Guangxi;18 Guizhou;19 Liaoning;20 Inner Mongolia;21 Ningxia;22 Beijing;
23 Shanghai;24 Shanxi;25 Shandong;26 Shaanxi;28 Tianjin;29 Yunnan;30 Guangdong;31 Hainan;32 Sichuan;33 Chongqing"""),
    "BR": table("""01 Acre;02 Alagoas;03 Amapá;04 Amazonas;05 Bahia;06 Ceará;07 Distrito Federal;08 Espírito Santo;
11 Mato Grosso do Sul;13 Maranhão;14 Mato Grosso;15 Minas Gerais;16 Pará;17 Paraíba;18 Paraná;20 Piauí;21 Rio de Janeiro;
22 Rio Grande do Norte;23 Rio Grande do Sul;24 Rondônia;25 Roraima;26 Santa Catarina;27 São Paulo;28 Sergipe;29 Goiás;
30 Pernambuco;31 Tocantins"""),
    "KR": table("""01 Jeju;03 Jeollabuk-do;05 Chungcheongbuk-do;06 Gangwon-do;10 Busan;11 Seoul;12 Incheon;13 Gyeonggi-do;
14 Gyeongsangbuk-do;15 Daegu;16 Jeollanam-do;17 Chungcheongnam-do;18 Gwangju;19 Daejeon;20 Gyeongsangnam-do;21 Ulsan;22 Sejong"""),
    "FR": table("""11 Île-de-France;24 Centre-Val de Loire;27 Bourgogne-Franche-Comté;28 Normandie;32 Hauts-de-France;44 Grand Est;
52 Pays de la Loire;53 Bretagne;75 Nouvelle-Aquitaine;76 Occitanie;84 Auvergne-Rhône-Alpes;93 Provence-Alpes-Côte d'Azur;94 Corse"""),
    "GB": table("ENG England;NIR Northern Ireland;SCT Scotland;WLS Wales"),
    "DE": table("""01 Baden-Württemberg;02 Bayern;03 Bremen;04 Hamburg;05 Hessen;06 Niedersachsen;07 Nordrhein-Westfalen;
08 Rheinland-Pfalz;09 Saarland;10 Schleswig-Holstein;11 Brandenburg;12 Mecklenburg-Vorpommern;13 Sachsen;14 Sachsen-Anhalt;
15 Thüringen;16 Berlin"""),
    "ES": table("""07 Illes Balears;27 La Rioja;29 Comunidad de Madrid;31 Región de Murcia;32 Navarra;34 Asturias;39 Cantabria;
51 Andalucía;52 Aragón;53 Canarias;54 Castilla-La Mancha;55 Castilla y León;56 Cataluña;57 Extremadura;58 Galicia;
59 País Vasco;60 Comunidad Valenciana;CE Ceuta;ML Melilla"""),
    "JP": table("""01 Aichi;02 Akita;03 Aomori;04 Chiba;05 Ehime;06 Fukui;07 Fukuoka;08 Fukushima;09 Gifu;10 Gunma;11 Hiroshima;
12 Hokkaido;13 Hyogo;14 Ibaraki;15 Ishikawa;16 Iwate;17 Kagawa;18 Kagoshima;19 Kanagawa;20 Kochi;21 Kumamoto;22 Kyoto;23 Mie;
24 Miyagi;25 Miyazaki;26 Nagano;27 Nagasaki;28 Nara;29 Niigata;30 Oita;31 Okayama;32 Osaka;33 Saga;34 Saitama;35 Shiga;
36 Shimane;37 Shizuoka;38 Tochigi;39 Tokushima;40 Tokyo;41 Tottori;42 Toyama;43 Wakayama;44 Yamagata;45 Yamaguchi;
46 Yamanashi;47 Okinawa"""),
    "AU": table("""01 Australian Capital Territory;02 New South Wales;03 Northern Territory;04 Queensland;05 South Australia;
06 Tasmania;07 Victoria;08 Western Australia"""),
    "BE": table("BRU Brussels-Capital;VLG Flanders;WAL Wallonia"),
    "PL": table("""72 Dolnośląskie;73 Kujawsko-Pomorskie;74 Łódzkie;75 Lubelskie;76 Lubuskie;77 Małopolskie;78 Mazowieckie;
79 Opolskie;80 Podkarpackie;81 Podlaskie;82 Pomorskie;83 Śląskie;84 Świętokrzyskie;85 Warmińsko-Mazurskie;
86 Wielkopolskie;87 Zachodniopomorskie"""),
    "AT": table("""01 Burgenland;02 Kärnten;03 Niederösterreich;04 Oberösterreich;05 Salzburg;06 Steiermark;07 Tirol;
08 Vorarlberg;09 Wien"""),
    "CO": table("""01 Amazonas;02 Antioquia;03 Arauca;04 Atlántico;08 Caquetá;09 Cauca;10 Cesar;11 Chocó;12 Córdoba;14 Guaviare;
15 Guainía;16 Huila;17 La Guajira;19 Meta;20 Nariño;21 Norte de Santander;22 Putumayo;23 Quindío;24 Risaralda;
25 San Andrés y Providencia;26 Santander;27 Sucre;28 Tolima;29 Valle del Cauca;30 Vaupés;31 Vichada;32 Casanare;
33 Cundinamarca;34 Bogotá D.C.;35 Bolívar;36 Boyacá;37 Caldas;38 Magdalena"""),
}

# Postal prefixes by admin-1 code (several prefixes separated by '/').
BY_STATE = {
    "CN": table("""01 23/24;02 31/32;03 33/34;04 21/22;05 13;06 81;07 35/36;08 15/16;09 45/46/47;10 05/06/07;11 41/42;12 43/44;
13 83/84;14 85;15 73/74;16 53/54;18 55/56;19 11/12;20 01/02;21 75;22 10;23 20;24 03/04;25 25/26/27;26 71/72;28 30;29 65/66/67;
30 51/52;31 57;32 61/62/63/64;33 40"""),
    "KR": table("""01 63;03 54/55/56;05 27/28/29;06 24/25/26;10 46/47/48/49;11 01/02/03/04/05/06/07/08;12 21/22/23;
13 10/11/12/13/14/15/16/17/18;14 36/37/38/39/40;15 41/42/43;16 57/58/59;17 31/32/33;18 61/62;19 34/35;20 50/51/52/53;
21 44/45;22 30"""),
    "JP": table("""01 44/45/46/47/48/49;02 01;03 03;04 26/27/28/29;05 79;06 91;07 80/81/82/83;08 96/97;09 50;10 37;11 72/73;
12 04/05/06/07/08/09;13 65/66/67;14 30/31;15 92;16 02;17 76;18 89;19 21/22/23/24/25;20 78;21 86;22 60/61/62;23 51;24 98;25 88;
26 38/39;27 85;28 63;29 94/95;30 87;31 70/71;32 53/54/55/56/57/58/59;33 84;34 33/34/35/36;35 52;36 69;37 41/42/43;38 32;39 77;
40 10/11/12/13/14/15/16/17/18/19;41 68;42 93;43 64;44 99;45 74/75;46 40;47 90"""),
    "CO": table("""01 91;02 05;03 81;04 08;08 18;09 19;10 20;11 27;12 23;14 95;15 94;16 41;17 44;19 50;20 52;21 54;22 86;23 63;
24 66;25 88;26 68;27 70;28 73;29 76;30 97;31 99;32 85;33 25;34 11;35 13;36 15;37 17;38 47"""),
    "BR": table("""01 699;02 57;03 689;04 69;07 70/71/72;08 29;11 79;13 65;16 66/68;17 58;20 64;22 59;24 768/769;25 693;28 49;
31 77"""),
}

# Postal prefixes by nearest anchor town (same admin-1 first). '!' = that town only.
ANCHORS = {
    "FR": """750 !Paris;01 Bourg-en-Bresse;02 Laon;02 Saint-Quentin;03 Moulins;03 Montluçon;04 Digne-les-Bains;05 Gap;06 Nice;
06 Cannes;07 Privas;07 Annonay;08 Charleville-Mézières;09 Foix;10 Troyes;11 Carcassonne;11 Narbonne;12 Rodez;13 Aix-en-Provence;
130 !Marseille;13 Arles;14 Caen;14 Lisieux;15 Aurillac;16 Angoulême;17 La Rochelle;17 Saintes;18 Bourges;19 Tulle;
19 Brive-la-Gaillarde;20 Ajaccio;20 Bastia;21 Dijon;22 Saint-Brieuc;23 Guéret;24 Périgueux;24 Bergerac;25 Besançon;
25 Montbéliard;26 Valence;26 Montélimar;27 Évreux;28 Chartres;29 Quimper;29 Brest;30 Nîmes;30 Alès;31 Toulouse;32 Auch;
33 Bordeaux;33 Arcachon;34 Montpellier;34 Béziers;35 Rennes;35 Saint-Malo;36 Châteauroux;37 Tours;38 Grenoble;38 Vienne;
39 Lons-le-Saunier;39 Dole;40 Mont-de-Marsan;40 Dax;41 Blois;42 Saint-Étienne;42 Roanne;43 Le Puy-en-Velay;44 Nantes;
44 Saint-Nazaire;45 Orléans;45 Montargis;46 Cahors;47 Agen;48 Mende;49 Angers;49 Cholet;50 Saint-Lô;50 Cherbourg-Octeville;51 Reims;
51 Châlons-en-Champagne;52 Chaumont;52 Saint-Dizier;53 Laval;54 Nancy;55 Bar-le-Duc;55 Verdun;56 Vannes;56 Lorient;57 Metz;
57 Sarreguemines;58 Nevers;59 Lille;59 Valenciennes;59 Dunkerque;59 Cambrai;60 Beauvais;60 Compiègne;61 Alençon;62 Arras;
62 Calais;62 Lens;62 Boulogne-sur-Mer;63 Clermont-Ferrand;64 Pau;64 Bayonne;65 Tarbes;66 Perpignan;67 Strasbourg;67 Haguenau;
68 Mulhouse;68 Colmar;690 !Lyon;69 Villeurbanne;69 Villefranche-sur-Saône;70 Vesoul;71 Mâcon;71 Chalon-sur-Saône;72 Le Mans;
73 Chambéry;73 Albertville;74 Annecy;74 Thonon-les-Bains;76 Rouen;76 Le Havre;76 Dieppe;77 Melun;77 Meaux;77 Chelles;
78 Versailles;78 Mantes-la-Jolie;78 Poissy;79 Niort;80 Amiens;80 Abbeville;81 Albi;81 Castres;82 Montauban;83 Toulon;83 Fréjus;
84 Avignon;85 La Roche-sur-Yon;86 Poitiers;87 Limoges;88 Épinal;89 Auxerre;89 Sens;90 Belfort;91 Évry;91 Massy;92 Nanterre;
92 Boulogne-Billancourt;92 Antony;93 Saint-Denis;93 Montreuil;93 Aulnay-sous-Bois;94 Créteil;94 Ivry-sur-Seine;95 Cergy;
95 Argenteuil;95 Sarcelles""",
    "DE": """01 Dresden;02 Görlitz;02 Bautzen;04 Leipzig;06 Halle (Saale);06 Dessau;07 Gera;07 Jena;08 Zwickau;08 Plauen;
09 Chemnitz;10/12/13 Berlin;14 Potsdam;14 Brandenburg an der Havel;15 Frankfurt (Oder);15 Königs Wusterhausen;16 Oranienburg;
16 Eberswalde;03 Cottbus;17 Neubrandenburg;17 Greifswald;18 Rostock;18 Stralsund;19 Schwerin;20/21/22 Hamburg;21 Lüneburg;
21 Stade;23 Lübeck;23 Wismar;24 Kiel;24 Flensburg;25 Elmshorn;25 Heide;25 Husum;26 Oldenburg;26 Emden;26 Wilhelmshaven;
27 Bremerhaven;27 Cuxhaven;27 Delmenhorst;28 Bremen;29 Celle;29 Uelzen;30 Hannover;31 Hildesheim;31 Nienburg;31 Hameln;32 Herford;
32 Minden;33 Bielefeld;33 Paderborn;34 Kassel;35 Gießen;35 Marburg an der Lahn;36 Fulda;36 Bad Hersfeld;36 Bad Salzungen;
37 Göttingen;37 Mühlhausen;38 Braunschweig;38 Wolfsburg;39 Magdeburg;39 Stendal;40 Düsseldorf;41 Mönchengladbach;42 Wuppertal;
44 Dortmund;44 Bochum;45 Essen;45 Gelsenkirchen;46 Oberhausen;46 Wesel;46 Bocholt;47 Duisburg;47 Krefeld;48 Münster;48 Rheine;
49 Osnabrück;49 Lingen;50 Köln;51 Leverkusen;51 Gummersbach;52 Aachen;52 Düren;53 Bonn;54 Trier;55 Mainz;55 Bad Kreuznach;
56 Koblenz;57 Siegen;58 Hagen;58 Lüdenscheid;59 Hamm;59 Arnsberg;60 Frankfurt am Main;61 Bad Homburg vor der Höhe;
63 Offenbach;63 Hanau am Main;63 Aschaffenburg;64 Darmstadt;65 Wiesbaden;65 Limburg an der Lahn;66 Saarbrücken;66 Zweibrücken;
67 Ludwigshafen am Rhein;67 Kaiserslautern;68 Mannheim;69 Heidelberg;70 Stuttgart;71 Ludwigsburg;71 Böblingen;72 Tübingen;
72 Reutlingen;73 Göppingen;73 Esslingen;73 Aalen;74 Heilbronn;74 Schwäbisch Hall;75 Pforzheim;76 Karlsruhe;76 Landau in der Pfalz;
77 Offenburg;78 Villingen-Schwenningen;78 Konstanz;79 Freiburg;79 Lörrach;80/81 Munich;82 Starnberg;82 Garmisch-Partenkirchen;
83 Rosenheim;83 Traunstein;84 Landshut;84 Mühldorf;85 Ingolstadt;85 Freising;86 Augsburg;87 Kempten (Allgäu);87 Memmingen;
88 Ravensburg;88 Friedrichshafen;88 Biberach an der Riß;88 Lindau;89 Ulm;89 Heidenheim an der Brenz;89 Günzburg;90 Nürnberg;
91 Erlangen;91 Ansbach;92 Amberg;92 Weiden;93 Regensburg;94 Passau;94 Straubing;95 Hof;95 Bayreuth;96 Bamberg;
96 Coburg;97 Würzburg;97 Schweinfurt;98 Suhl;98 Ilmenau;99 Erfurt;99 Weimar;99 Eisenach""",
    "ES": """01 Vitoria-Gasteiz;02 Albacete;03 Alicante;03 Elche;03 Torrevieja;04 Almería;05 Ávila;06 Badajoz;06 Mérida;07 Palma;
07 Ibiza;07 Manacor;08 Barcelona;08 Manresa;08 Vic;09 Burgos;09 Aranda de Duero;10 Cáceres;10 Plasencia;11 Cádiz;11 Jerez de la Frontera;
11 Algeciras;12 Castelló de la Plana;13 Ciudad Real;13 Puertollano;14 Córdoba;14 Lucena;15 A Coruña;15 Santiago de Compostela;
15 Ferrol;16 Cuenca;17 Girona;17 Figueres;18 Granada;18 Motril;19 Guadalajara;20 San Sebastián;21 Huelva;22 Huesca;22 Barbastro;
23 Jaén;23 Linares;24 León;24 Ponferrada;25 Lleida;26 Logroño;27 Lugo;27 Monforte de Lemos;28 Madrid;28 Aranjuez;29 Málaga;
29 Marbella;30 Murcia;30 Cartagena;30 Lorca;31 Pamplona;32 Ourense;33 Oviedo;33 Gijón;34 Palencia;35 Las Palmas de Gran Canaria;
35 Arrecife;36 Pontevedra;36 Vigo;37 Salamanca;38 Santa Cruz de Tenerife;39 Santander;40 Segovia;41 Sevilla;41 Écija;42 Soria;
43 Tarragona;43 Reus;43 Tortosa;44 Teruel;44 Alcañiz;45 Toledo;45 Talavera de la Reina;46 Valencia;46 Gandia;46 Xàtiva;
47 Valladolid;48 Bilbao;49 Zamora;49 Benavente;50 Zaragoza;50 Calatayud;51 Ceuta;52 Melilla""",
    "BR": """01/02/03/04/05 !São Paulo;06 Osasco;07 Guarulhos;08 Mogi das Cruzes;09 Santo André;11 Santos;11 Registro;
12 São José dos Campos;12 Taubaté;13 Campinas;13 Piracicaba;13 São Carlos;14 Ribeirão Preto;14 Franca;15 São José do Rio Preto;
16 Araçatuba;17 Bauru;17 Marília;18 Sorocaba;18 Botucatu;19 Presidente Prudente;20/21/22/23 !Rio de Janeiro;24 Niterói;
25 Duque de Caxias;25 Petrópolis;26 Nova Iguaçu;27 Volta Redonda;28 Campos dos Goytacazes;28 Nova Friburgo;30/31 !Belo Horizonte;
32 Contagem;33 Santa Luzia;35 Governador Valadares;35 Sete Lagoas;35 Ipatinga;36 Juiz de Fora;36 Barbacena;37 Varginha;
37 Poços de Caldas;38 Uberlândia;38 Uberaba;39 Montes Claros;39 Teófilo Otoni;40/41 !Salvador;42 Camaçari;42 Lauro de Freitas;
44 Feira de Santana;45 Vitória da Conquista;45 Itabuna;46 Guanambi;47 Barreiras;48 Juazeiro@-9.43,-40.50,05;48 Alagoinhas;50/51/52 !Recife;
53 Olinda;54 Jaboatão dos Guararapes;55 Caruaru;55 Garanhuns;56 Petrolina;56 Serra Talhada;60 Fortaleza;61 Caucaia;61 Maracanaú;
62 Sobral;62 Itapipoca;63 Juazeiro do Norte;63 Iguatu;74 Goiânia;75 Anápolis;75 Rio Verde;76 Ceres;73 Formosa;78 Cuiabá;
78 Sinop;80/81/82 !Curitiba;83 São José dos Pinhais;83 Paranaguá;84 Ponta Grossa;85 Cascavel;85 Guarapuava;86 Londrina;87 Maringá;
87 Umuarama;88 Florianópolis;88 Criciúma;88 Lages;89 Joinville;89 Blumenau;89 Chapecó;90/91 !Porto Alegre;92 Canoas;
93 Novo Hamburgo;94 Gravataí;95 Caxias do Sul;96 Pelotas;96 Santa Cruz do Sul;97 Santa Maria;97 Uruguaiana;98 Cruz Alta;
98 Ijuí;99 Passo Fundo""",
    "GB": """AB Aberdeen;AL St Albans@51.75,-0.34,ENG;B Birmingham;BA Bath;BB Blackburn;BD Bradford;BH Bournemouth;BL Bolton;
BN Brighton;BR Bromley@51.40,0.02,ENG;BS Bristol;BT Belfast;CA Carlisle;CB Cambridge;CF Cardiff;CH Chester;CM Chelmsford;CO Colchester;
CR Croydon;CT Canterbury;CV Coventry;CW Crewe;DA Dartford;DD Dundee;DE Derby;DG Dumfries;DH Durham;DL Darlington;DN Doncaster;
DN Grimsby;DT Dorchester;DY Dudley;E/N/NW/SE/SW/W London;EH Edinburgh;EN Enfield Town;EX Exeter;FK Falkirk;FK Stirling;FY Blackpool;
G Glasgow;GL Gloucester;GU Guildford;HA Harrow@51.58,-0.34,ENG;HD Huddersfield;HG Harrogate;HP Hemel Hempstead;HR Hereford;
HU Kingston upon Hull;HX Halifax;IG Ilford@51.56,0.07,ENG;IP Ipswich;IV Inverness;KA Kilmarnock;KA Ayr;KT Kingston upon Thames;
KT Epsom;KW Thurso;KY Kirkcaldy;L Liverpool;LA Lancaster;LD Llandrindod Wells;LE Leicester;LL Llandudno;LL Wrexham;
LN Lincoln;LS Leeds;LU Luton;M Manchester;ME Maidstone;ME Rochester;MK Milton Keynes;ML Motherwell;NE Newcastle upon Tyne;
NG Nottingham;NN Northampton;NP Newport;NR Norwich;OL Oldham;OX Oxford;PA Paisley;PE Peterborough;PE King's Lynn@52.75,0.40,ENG;PH Perth;
PH Fort William;PL Plymouth;PO Portsmouth;PR Preston;RG Reading;RH Redhill;RH Crawley;RM Romford;S Sheffield;SA Swansea;
SG Stevenage;SK Stockport;SL Slough;SM Sutton;SN Swindon;SO Southampton;SP Salisbury;SR Sunderland;SS Southend-on-Sea;
ST Stoke-on-Trent;SY Shrewsbury;SY Aberystwyth;TA Taunton;TD Galashiels;TF Telford;TN Tonbridge;TN Hastings;TQ Torquay;TR Truro;
TS Middlesbrough;TW Twickenham@51.45,-0.34,ENG;UB Uxbridge@51.55,-0.48,ENG;WA Warrington;WD Watford;WF Wakefield;WN Wigan;WR Worcester;WS Walsall;
WV Wolverhampton;YO York;YO Scarborough""",
    "BE": """1 !Brussels;13 Wavre;14 Nivelles;15 Halle;17 Dilbeek;17 Asse;18 Vilvoorde;19 Zaventem;20/21 !Antwerpen;
22 Herentals;22 Geel;23 Turnhout;24 Mol;25 Lier;26 Mortsel;28 Mechelen;28 Willebroek;29 Brasschaat;29 Schoten;30 Leuven;
31 Aarschot;32 Diest;33 Tienen;34 Landen;35 Hasselt;36 Genk;36 Maasmechelen;37 Tongeren;38 Sint-Truiden;39 Lommel;40 !Liège;
41 Seraing;42 Hannut;43 Waremme;44 Ans;45 Huy;46 Visé;47 Eupen;48 Verviers;49 Malmédy;50/51 Namur;52 Andenne;53 Ciney;55 Dinant;
56 Philippeville;60 !Charleroi;61 Thuin;62 Fleurus;64 Chimay;65 Thuin;66 Bastogne;67 Arlon;68 Neufchâteau;
69 Marche-en-Famenne;70 Mons;71 La Louvière;72 Colfontaine;73 Boussu;74 Soignies;75 Tournai;76 Péruwelz;77 Mouscron;78 Ath;80 Brugge;
82 Torhout;83 Knokke-Heist;84 Ostend;85 Kortrijk;86 Veurne;87 Tielt;88 Roeselare;89 Ieper;90 !Gent;91 Sint-Niklaas;
92 Dendermonde;92 Wetteren;93 Aalst;94 Ninove;95 Geraardsbergen;96 Ronse;97 Oudenaarde;98 Deinze;99 Eeklo""",
    "PL": """00/01/02/03/04 !Warsaw;05 Pruszków;05 Wołomin;06 Ciechanów;07 Ostrołęka;08 Siedlce;09 Płock;26 Radom;96 Żyrardów;11 Kętrzyn;
10 !Olsztyn;11 Szczytno;12 Nidzica;13 Działdowo;14 Ostróda;19 Ełk;82 Elbląg;15 !Białystok;16 Augustów;16 Suwałki;
17 Bielsk Podlaski;18 Łomża;20 !Lublin;21 Biała Podlaska;21 Lubartów;22 Chełm;22 Zamość;23 Kraśnik;23 Biłgoraj;24 Puławy;25 !Kielce;
26 Skarżysko-Kamienna;27 Ostrowiec Świętokrzyski;28 Jędrzejów;28 Busko-Zdrój;30/31 !Kraków;32 Oświęcim;32 Chrzanów;32 Wieliczka;33 Tarnów;
33 Nowy Sącz;34 Nowy Targ;35 !Rzeszów;36 Łańcut;37 Przemyśl;37 Stalowa Wola;38 Krosno;39 Mielec;39 Dębica;40 !Katowice;
41 Sosnowiec;41 Chorzów;41 Zabrze;42 Częstochowa;43 Bielsko-Biala;43 Tychy;44 Gliwice;44 Rybnik;34 Żywiec;45 !Opole;46 Kluczbork;46 Brzeg;
47 Kędzierzyn-Koźle;48 Nysa;49 Brzeg;50/51/52/53/54 !Wrocław;55 Oława;56 Oleśnica;57 Kłodzko;58 Wałbrzych;58 Jelenia Góra;
59 Legnica;59 Lubin;67 Głogów;60/61 !Poznań;62 Gniezno;62 Konin;63 Ostrów Wielkopolski;63 Jarocin;64 Leszno;64 Piła;
65 !Zielona Góra;66 Gorzów Wielkopolski;66 Świebodzin;67 Nowa Sól;68 Żary;70/71 !Szczecin;72 Świnoujście;72 Police;73 Stargard;74 Gryfino;
75 !Koszalin;76 Słupsk;78 Kołobrzeg;78 Szczecinek;76 Sławno;77 Bytów;80 !Gdańsk;81 Gdynia;82 Malbork;83 Tczew;84 Wejherowo;85 !Bydgoszcz;
86 Grudziądz;86 Świecie;87 Toruń;87 Włocławek;88 Inowrocław;89 Chojnice;90/91/92/93/94 !Łódź;95 Zgierz;95 Pabianice;96 Skierniewice;
97 Piotrków Trybunalski;97 Tomaszów Mazowiecki;97 Bełchatów;98 Sieradz;99 Kutno""",
    "AT": """1 !Vienna;20 Stockerau;21 Mistelbach;22 Gänserndorf;23 Mödling;24 Bruck an der Leitha;25 Baden;26 Neunkirchen;
27 Wiener Neustadt;30 Purkersdorf;31 Sankt Pölten;32 Scheibbs;33 Amstetten;34 Klosterneuburg;35 Krems an der Donau;37 Horn;38 Waidhofen an der Thaya;39 Zwettl Stadt;
40 !Linz;40 Leonding;41 Rohrbach in Oberösterreich;42 Freistadt;43 Perg;44 Steyr;45 Kirchdorf an der Krems;46 Wels;47 Schärding;48 Gmunden;48 Vöcklabruck;49 Ried im Innkreis;
50 !Salzburg;51 Oberndorf bei Salzburg;52 Neumarkt am Wallersee;54 Hallein;55 Bischofshofen;56 Sankt Johann im Pongau;57 Zell am See;60 !Innsbruck;60 Hall in Tirol;
61 Seefeld in Tirol;62 Schwaz;63 Kufstein;64 Telfs;65 Landeck;66 Reutte;99 Lienz;67 Bludenz;68 Dornbirn;68 Feldkirch;69 Bregenz;70 Eisenstadt;71 Neusiedl am See;
72 Mattersburg;73 Oberpullendorf;74 Oberwart;75 Güssing;80 !Graz;81 Frohnleiten;82 Gleisdorf;83 Feldbach;84 Leibnitz;85 Deutschlandsberg;86 Bruck an der Mur;
87 Leoben;88 Judenburg;89 Liezen;90 Klagenfurt am Wörthersee;91 Völkermarkt;93 Sankt Veit an der Glan;94 Wolfsberg;95 Villach;98 Spittal an der Drau""",
}


def anchors(country):
    """[(prefixes, exclusive, town), ...]"""
    out = []
    for item in ANCHORS.get(country, "").replace("\n", "").split(";"):
        if item:
            prefix, town = item.split(" ", 1)
            out.append((prefix.split("/"), town.startswith("!"), town.lstrip("!")))
    return out


# Feature codes accepted (others are quarters, abandoned or historical places).
SEATS = {"PPLC", "PPLA", "PPLA2", "PPLA3", "PPLA4"}
TOWNS = SEATS | {"PPL", "PPLA5", "PPLG", "PPLL"}
FEATURES = {"AU": TOWNS | {"PPLX"}}

# Where quarters of large cities are listed as plain places: drop those that lie
# within 9 km of a place of 250,000 or more that has four times their people.
QUARTERS_DROPPED = {"ES", "DE", "PL", "AT", "CO", "CN"}

# Only this town is kept in the city state.
CITY_STATES = {("DE", "16"): "Berlin", ("DE", "04"): "Hamburg", ("AT", "09"): "Vienna",
               ("CO", "34"): "Bogotá"}

DROP = {
    "FR": {"Cergy-Pontoise", "Saint-Quentin-en-Yvelines"},
    "GB": {"City of Westminster", "Archway", "Saint Peters", "Londonderry County Borough", "City of London"},
    "KR": {"Masan", "Jenzan", "Sintansin", "Songgangdong", "Yongsan-dong", "Pubal", "Gaigeturi", "Ungsang", "Wabu"},
    "JP": {"Honchō", "Honmachi", "Motomachi", "Kamigyō-ku", "Minato", "Yono"},
    "ES": {"Ciudad Lineal", "Chamartín", "Latina", "Carabanchel"},
    "CN": {"Dadonghai", "Guankou"},
}

RENAME = {
    "ES": {"Gasteiz / Vitoria": "Vitoria-Gasteiz", "Donostia / San Sebastián": "San Sebastián", "Cadiz": "Cádiz"},
    "BE": {"Gent": "Gent"},
    "PL": {"Bielsko-Biala": "Bielsko-Biała"},
    "KR": {"Jeju City": "Jeju", "Kwangmyŏng": "Gwangmyeong", "Kimhae": "Gimhae", "Chinju": "Jinju", "Wŏnju": "Wonju",
           "Tonghae": "Donghae", "Kwangyang": "Gwangyang", "Yangp'yŏng": "Yangpyeong", "Naesŏ": "Naeseo",
           "Hongch’ŏn": "Hongcheon", "Koch'ang": "Gochang", "Hwawŏn": "Hwawon", "Kosong": "Goseong",
           "Chinch'ŏn": "Jincheon", "T’aebaek": "Taebaek", "Kimje": "Gimje", "Koesan": "Goesan", "Kunwi": "Gunwi",
           "Tangjin": "Dangjin", "Kurye": "Gurye", "Changsu": "Jangsu", "Yŏnmu": "Yeonmu", "Puan": "Buan",
           "Taesal-li": "Daesan", "Kyosai": "Geoje", "Nangen": "Namwon", "Santyoku": "Samcheok",
           "Neietsu": "Yeongwol", "Kinzan": "Geumsan", "Cheongsong gun": "Cheongsong"},
    "CN": {"Changshu City": "Changshu", "Zhu Cheng City": "Zhucheng", "Wenshan City": "Wenshan"},
    "JP": {"Himimachi": "Himi", "Niseko Town": "Niseko", "Rishiri Town": "Rishiri"},
}
