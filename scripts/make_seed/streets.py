"""streets.csv: address patterns and street names per country."""
import re

from .common import keyed_order

HEADER = ["country", "kind", "value"]

PATTERNS = {
    "United States": ["{n} {street}"],
    "China": ["{n} {street}", "No. {n} {street}"],
    "Brazil": ["{street}, {n}"],
    "South Korea": ["{n} {street}"],
    "France": ["{n} {street}", "{n} bis {street}"],
    "United Kingdom": ["{n} {street}"],
    "Germany": ["{street} {n}", "{street} {n}a"],
    "Spain": ["{street}, {n}", "{street} {n}"],
    "Japan": ["{n}-{n}-{n} {street}", "{n}-{n} {street}"],
    "Australia": ["{n} {street}", "{n}/{n} {street}"],
    "Belgium": ["{street} {n}"],
    "Poland": ["{street} {n}", "{street} {n}/{n}"],
    "Austria": ["{street} {n}", "{street} {n}/{n}"],
    "Colombia": ["{street} # {n}-{n}"],
}

HAND = {
    "China": """Zhongshan Road;Renmin Road;Jiefang Road;Jianshe Road;Beijing Road;Nanjing Road;Changjiang Road;Huanghe Road;Chaoyang Road;
Xinhua Road;Guangming Road;Wenhua Road;Heping Road;Youyi Road;Dongfeng Road;Hongqi Street;Shengli Road;Qianjin Road;Fuxing Road;Minzhu Road;
Gongyuan Road;Xueyuan Road;Daxue Road;Shifu Street;Yingbin Avenue;Binjiang Road;Hubin Road;Huancheng East Road;Huancheng West Road;
Zhongshan North Road;Zhongshan South Road;Renmin East Road;Renmin West Road;Jiankang Road;Xingfu Street;Taishan Road;Huashan Road;Kunlun Road;
Tianshan Road;Songshan Road;Shanghai Road;Guangzhou Road;Tianjin Road;Chengdu Road;Wuhan Road;Hangzhou Road;Keji Road;Chuangye Avenue;
Gaoxin Road;Fazhan Avenue;Xinmin Street;Ping'an Street;Fumin Road;Yan'an Road;Nanhu Road;Donghu Road;Xihu Road;Meihua Road;Taoyuan Road;
Guihua Street;Lianhua Road;Songjiang Road;Longjiang Road;Yongning Street;Fuqiang Street;Tuanjie Road;Laodong Road;Qingnian Road""",
    "Brazil": """Rua das Flores;Rua São José;Rua XV de Novembro;Rua Sete de Setembro;Avenida Brasil;Rua Tiradentes;Rua Dom Pedro II;
Avenida Getúlio Vargas;Rua Santo Antônio;Rua São João;Rua São Paulo;Rua Rio de Janeiro;Rua Bahia;Rua Minas Gerais;Rua Paraná;Rua Santa Catarina;
Rua Amazonas;Rua Pernambuco;Rua Ceará;Rua Goiás;Rua Castro Alves;Rua Rui Barbosa;Rua Marechal Deodoro;Rua Floriano Peixoto;
Rua Duque de Caxias;Rua Benjamin Constant;Rua Barão do Rio Branco;Avenida Presidente Vargas;Avenida Santos Dumont;Rua Machado de Assis;
Rua José Bonifácio;Rua Quintino Bocaiúva;Rua Treze de Maio;Rua Vinte e Um de Abril;Rua Primeiro de Maio;Avenida Independência;Avenida Paulista;
Rua da Paz;Rua das Palmeiras;Rua dos Ipês;Rua das Acácias;Rua das Orquídeas;Rua das Rosas;Rua das Margaridas;Rua Projetada;Rua Boa Vista;
Rua Bela Vista;Rua do Comércio;Rua da Liberdade;Avenida Beira Mar;Avenida Central;Travessa São Francisco;Rua São Pedro;Rua São Francisco;
Rua Santa Luzia;Rua Santa Rita;Rua Nossa Senhora Aparecida;Avenida Juscelino Kubitschek;Rua Dom Bosco;Rua Princesa Isabel;Alameda dos Anjos""",
    "South Korea": """Teheran-ro;Gangnam-daero;Sejong-daero;Eulji-ro;Jong-ro;Toegye-ro;Chungmu-ro;Yulgok-ro;Dosan-daero;Hakdong-ro;
Bongeunsa-ro;Yeongdong-daero;Samseong-ro;Seocho-daero;Banpo-daero;Dongjak-daero;Nambusunhwan-ro;Olympic-ro;Songpa-daero;Cheonho-daero;
Wangsimni-ro;Dongil-ro;Nowon-ro;Dobong-ro;Mia-ro;Worldcup-ro;Yanghwa-ro;Sinchon-ro;Mapo-daero;Yeouidaebang-ro;Gukhoe-daero;Gonghang-daero;
Gyeongin-ro;Siheung-daero;Gwanak-ro;Haeundae-ro;Gwangan-ro;Suyeong-ro;Jungang-daero;Dalgubeol-daero;Dongseong-ro;Gukchaebosang-ro;
Mudeung-ro;Sangmu-daero;Geumnam-ro;Daedeok-daero;Hanbat-daero;Dunsan-ro;Inha-ro;Incheon-daero;Misagangbyeon-daero;Pangyo-ro;Bundang-ro;
Jeongjail-ro;Suseong-ro;Hwaseo-ro;Ilsan-ro;Jungang-ro;Munhwa-ro;Haksaeng-ro;Gongwon-ro;Sicheong-ro;Yeokjeon-ro;Sandan-ro""",
    "France": """Rue de la République;Rue Victor Hugo;Avenue Jean Jaurès;Rue Pasteur;Rue du Général de Gaulle;Avenue du Général Leclerc;Rue de l'Église;
Place de la Mairie;Rue du Moulin;Rue des Écoles;Rue de la Gare;Grande Rue;Rue du Stade;Rue de la Paix;Rue Jules Ferry;Rue Émile Zola;
Rue Gambetta;Boulevard Voltaire;Rue Jean Moulin;Rue de la Fontaine;Rue du Château;Rue des Lilas;Rue des Roses;Rue des Acacias;Rue du Lavoir;
Rue de la Liberté;Avenue de la Libération;Rue du Marché;Rue Saint-Martin;Rue Saint-Jacques;Rue Notre-Dame;Rue Molière;Rue Lamartine;
Rue Marcel Pagnol;Rue Albert Camus;Rue Anatole France;Allée des Tilleuls;Allée des Chênes;Impasse des Cerisiers;Chemin des Vignes;
Chemin du Bois;Rue des Vergers;Rue du Puits;Rue de Verdun;Avenue Foch;Rue du 8 Mai 1945;Rue du 11 Novembre;Rue Louis Pasteur;Rue Pierre Curie;
Rue Claude Debussy;Avenue de Paris;Rue de Strasbourg;Rue de Lyon;Boulevard de la Liberté;Rue Nationale;Rue Carnot;Rue Thiers;Rue Jeanne d'Arc;
Place de l'Église;Quai de la Rivière;Rue des Jardins;Rue du Canal;Avenue des Platanes;Rue Georges Clemenceau;Rue Aristide Briand""",
    "Spain": """Calle Mayor;Calle Real;Calle Nueva;Calle Ancha;Calle del Sol;Calle de la Iglesia;Calle Cervantes;Calle San José;Calle San Juan;
Calle San Pedro;Calle San Miguel;Calle San Antonio;Calle Santa María;Calle del Carmen;Calle Goya;Calle Velázquez;Calle Colón;Calle Alcalá;
Calle de la Constitución;Avenida de la Constitución;Avenida de España;Avenida de Andalucía;Avenida de Madrid;Avenida del Mediterráneo;
Paseo de la Castellana;Paseo Marítimo;Plaza Mayor;Plaza de España;Plaza de la Constitución;Gran Vía;Rambla de Cataluña;Ronda de San Pedro;
Calle Ramón y Cajal;Calle Antonio Machado;Calle Federico García Lorca;Calle Miguel Hernández;Calle Pablo Picasso;Calle Rosalía de Castro;
Calle Hernán Cortés;Calle Juan Ramón Jiménez;Calle del Río;Calle de la Fuente;Calle del Molino;Calle de las Flores;Calle del Pilar;
Calle de la Paz;Calle de la Cruz;Calle del Mar;Calle Valencia;Calle Sevilla;Calle Granada;Calle Toledo;Calle Barcelona;Camino Viejo;
Travesía de la Estación;Calle de la Estación;Calle de las Eras;Calle Lepanto;Calle Pizarro;Avenida de la Libertad;Avenida del Puerto""",
    "Japan": """Sakuragaoka;Midorigaoka;Asahicho;Honcho;Chuo;Sakaecho;Minamicho;Kitamachi;Higashicho;Nishimachi;Shinmachi;Saiwaicho;Miyamaecho;
Wakabacho;Matsugaoka;Umegaoka;Takemachi;Hinodecho;Fujimicho;Aobadai;Hibarigaoka;Tsukigaoka;Shirokane;Kamicho;Shimocho;Nakamachi;Omachi;
Teramachi;Hamacho;Minatomachi;Ekimae;Ekinishi;Ekihigashi;Motomachi;Sumiyoshi;Tenjin;Hachimancho;Inarimachi;Otemachi;Marunouchi;
Kawabata;Kawaramachi;Ishibashi;Mitsuwadai;Nozomigaoka;Satsukigaoka;Tsutsujigaoka;Ayamecho;Fujigaoka;Hikarigaoka;Izumicho;Tamagawa;
Toyotama;Yayoicho;Yanagimachi;Yamanotecho;Yoshinocho;Koyocho;Suehirocho;Kotobukicho;Takaracho;Daikokucho;Ebisucho;Shinsakae""",
    "Australia": """George Street;Elizabeth Street;King Street;Queen Street;Victoria Street;Church Street;High Street;Park Road;Railway Parade;
William Street;Albert Street;Station Street;Pacific Highway;Princes Highway;Bourke Street;Collins Street;Flinders Street;Swanston Street;
Pitt Street;Macquarie Street;Hunter Street;Darling Street;Wattle Street;Banksia Avenue;Acacia Avenue;Jacaranda Drive;Grevillea Street;
Eucalyptus Drive;Waratah Street;Kangaroo Road;Wallaby Way;Kookaburra Crescent;Beach Road;Ocean Parade;Esplanade Road;Marine Parade;
Hay Street;Murray Street;Wellington Street;St Georges Terrace;Rundle Street;Grenfell Street;Currie Street;North Terrace;Anzac Avenue;
Gympie Road;Logan Road;Ipswich Road;Edward Street;Adelaide Street;Mitchell Street;Cavenagh Street;Liverpool Street;Davey Street;
Sandy Bay Road;Canberra Avenue;Northbourne Avenue;Limestone Avenue;Stirling Highway;Cambridge Street;Parramatta Road;Oxford Street;
Crown Street;Cleveland Street;Chapel Street;Glenferrie Road;Burwood Highway;Springvale Road;Bay Street;Nepean Highway""",
    "Belgium": """Rue de la Station;Kerkstraat;Stationsstraat;Rue de l'Église;Dorpsstraat;Nieuwstraat;Rue du Moulin;Molenstraat;Schoolstraat;
Rue de l'École;Grand-Place;Grote Markt;Avenue Louise;Chaussée de Bruxelles;Brusselsesteenweg;Gentsesteenweg;Antwerpsesteenweg;
Leuvensesteenweg;Chaussée de Louvain;Chaussée de Namur;Rue Royale;Koningsstraat;Rue Haute;Hoogstraat;Rue Neuve;Rue du Centre;Rue des Écoles;
Rue du Château;Kasteelstraat;Lindelaan;Eikenlaan;Beukenlaan;Berkenlaan;Kastanjelaan;Avenue des Tilleuls;Avenue des Acacias;Rue de la Gare;
Rue de la Paix;Vredestraat;Leopoldstraat;Rue Léopold;Albertstraat;Avenue Albert;Rue de Namur;Rue de Liège;Rue du Pont;Brugstraat;Veldstraat;
Rue des Champs;Bosstraat;Rue du Bois;Kapelstraat;Rue de la Chapelle;Beekstraat;Rue du Ruisseau;Zandstraat;Bergstraat;Rue de la Montagne;
Place Communale;Gemeenteplein;Marktplein;Zeedijk;Kustlaan;Mechelsestraat""",
    "Poland": """ul. Polna;ul. Leśna;ul. Słoneczna;ul. Krótka;ul. Szkolna;ul. Ogrodowa;ul. Lipowa;ul. Brzozowa;ul. Łąkowa;ul. Kwiatowa;
ul. Sosnowa;ul. Kościelna;ul. Akacjowa;ul. Parkowa;ul. Zielona;ul. Kolejowa;ul. Sportowa;ul. Dębowa;ul. Kościuszki;ul. Mickiewicza;
ul. Sienkiewicza;ul. Słowackiego;ul. Kopernika;ul. Konopnickiej;ul. Reymonta;ul. Żeromskiego;ul. Piłsudskiego;ul. Wojska Polskiego;
ul. Jana Pawła II;ul. Armii Krajowej;ul. Warszawska;ul. Krakowska;ul. Poznańska;ul. Gdańska;ul. Wrocławska;ul. Lubelska;ul. Rynek;
ul. Długa;ul. Prosta;ul. Nowa;ul. Wiejska;ul. Młyńska;ul. Rzemieślnicza;ul. Przemysłowa;ul. Handlowa;ul. Wiśniowa;ul. Jabłoniowa;
ul. Klonowa;ul. Jesionowa;ul. Topolowa;ul. Wierzbowa;ul. Różana;ul. Cicha;ul. Spokojna;ul. Wspólna;ul. Zamkowa;ul. Mostowa;ul. Górna;
ul. Dolna;ul. Źródlana;ul. Zacisze;al. Niepodległości;al. Jerozolimskie;pl. Wolności;os. Słoneczne""",
    "Colombia": """Calle 10;Calle 12;Calle 15;Calle 19;Calle 22;Calle 26;Calle 34;Calle 45;Calle 53;Calle 63;Calle 72;Calle 80;Calle 85;Calle 93;
Calle 100;Calle 116;Calle 127;Calle 134;Calle 147;Calle 170;Carrera 1;Carrera 3;Carrera 5;Carrera 7;Carrera 9;Carrera 11;Carrera 13;Carrera 15;
Carrera 19;Carrera 24;Carrera 30;Carrera 43A;Carrera 46;Carrera 50;Carrera 54;Carrera 65;Carrera 70;Carrera 80;Avenida 6 Norte;Avenida Boyacá;
Avenida El Dorado;Avenida Las Américas;Avenida Caracas;Avenida Suba;Avenida El Poblado;Avenida Roosevelt;Avenida Bolívar;Transversal 23;
Transversal 39;Transversal 93;Diagonal 40;Diagonal 61;Diagonal 74;Circular 4;Circular 73;Autopista Norte;Autopista Sur""",
}


def german(names):
    out = []
    for n in names:
        n = re.sub(r"(S|s)tr\.$", r"\1traße", n.strip())
        if re.fullmatch(r"[A-ZÄÖÜa-zäöüß \-]+", n) and len(n) <= 26:
            out.append(n)
    return out


STREET_WORD = re.compile(r"(straße|gasse|weg|platz|allee|ring|ufer|steig|hof|gürtel|promenade)$", re.I)


def spread(names, limit, key):
    """At most limit names, chosen in keyed order, sorted."""
    return sorted(keyed_order(sorted(set(names)), "street", key)[:limit])


def build(src, countries):
    names = {c: [n.strip() for n in text.replace("\n", "").split(";")] for c, text in HAND.items()}
    us = [n for n in src.js_list("en_US", "street_name") if re.fullmatch(r"[A-Za-z0-9' ]+", n)]
    gb = [n for n in src.js_list("en_GB", "street_name") if re.fullmatch(r"[A-Za-z' ]+", n)]
    de = german(src.js_list("de", "street_name"))
    at = [n for n in german(src.js_list("de_AT", "street_name")) if STREET_WORD.search(n)]
    at += ["Hauptstraße", "Bahnhofstraße", "Kirchengasse", "Schulgasse", "Mariahilfer Straße", "Landstraße", "Wiener Straße",
           "Grazer Straße", "Linzer Straße", "Salzburger Straße", "Feldgasse", "Gartengasse", "Lindengasse", "Mozartstraße",
           "Schubertstraße", "Beethovenstraße", "Mühlgasse", "Wiesengasse", "Waldgasse", "Bachgasse"]
    names["United States"] = spread(us, 300, "us")
    names["United Kingdom"] = spread(gb, 240, "gb")
    names["Germany"] = spread([n for n in de if re.search(r"(straße|weg|platz|allee|ring|gasse|ufer)$", n, re.I)], 260, "de")
    names["Austria"] = spread(at, 140, "at")
    rows = []
    for c in countries:
        rows += [[c, "pattern", p] for p in PATTERNS[c]]
        rows += [[c, "name", n] for n in dict.fromkeys(names[c])]
    return HEADER, rows
