"""names.csv: first and last names per country with weights."""
from .common import digest, keyed_order, mail_form, plain

HEADER = ["country", "kind", "gender", "name", "ascii", "weight"]
FIRST, LAST = 160, 220          # at most so many names per list
SCALE = 100000                  # weight of the most frequent name


def words(text):
    return text.replace("\n", " ").split()


# Frequent names first: these get the top ranks, the rest of the list follows in keyed order.
TOP = {
    ("Germany", "F"): "Maria Ursula Monika Petra Elisabeth Sabine Renate Karin Helga Brigitte Anna Julia Andrea Claudia Susanne Lisa Laura Katharina Stefanie Lena",
    ("Germany", "M"): "Michael Thomas Peter Andreas Stefan Christian Wolfgang Klaus Martin Jürgen Daniel Frank Markus Alexander Matthias Tobias Jan Lukas Felix Jonas",
    ("Germany", "-"): "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Werner Krause Lehmann Köhler Maier",
    ("Austria", "F"): "Maria Anna Elisabeth Christine Eva Julia Sabine Sarah Katharina Barbara Lena Laura Andrea Petra Claudia",
    ("Austria", "M"): "Josef Franz Johann Michael Thomas Christian Andreas Daniel Martin Stefan Lukas David Peter Florian Alexander",
    ("Austria", "-"): "Gruber Huber Wagner Müller Pichler Steiner Moser Mayer Hofer Leitner Berger Fuchs Eder Fischer Schmid Winkler Weber Schwarz Maier Schneider Reiter Mayr Schmidt Wimmer Egger Brunner Lang Baumgartner Auer Binder",
    ("France", "F"): "Marie Nathalie Isabelle Sylvie Catherine Françoise Martine Christine Monique Valérie Sandrine Sophie Julie Camille Céline Léa Manon Chloé Émilie Charlotte",
    ("France", "M"): "Jean Philippe Michel Alain Patrick Nicolas Christophe Pierre Christian Éric Frédéric Laurent Stéphane David Pascal Thomas Julien Antoine Alexandre Lucas",
    ("Spain", "F"): "María Carmen Ana Isabel Laura Cristina Marta Dolores Lucía Pilar Elena Sara Paula Raquel Rosa Beatriz Patricia Silvia Alba Julia",
    ("Spain", "M"): "Antonio Manuel José Francisco David Juan Javier Daniel Carlos Jesús Alejandro Miguel Rafael Pedro Pablo Ángel Sergio Fernando Jorge Luis",
    ("Spain", "-"): "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Hernández Ruiz Díaz Moreno Muñoz Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez Serrano Blanco Molina",
    ("Poland", "F"): """Anna Katarzyna Maria Małgorzata Agnieszka Barbara Ewa Magdalena Elżbieta Krystyna Joanna Aleksandra Monika Zofia Teresa Natalia
Julia Danuta Karolina Marta Beata Dorota Alicja Halina Jolanta Iwona Grażyna Irena Paulina Justyna Zuzanna Bożena Wiktoria Urszula Hanna Renata Maja Sylwia Agata
Patrycja Izabela Oliwia Emilia Ewelina Weronika Wiesława Klaudia Marianna Dominika Kinga Amelia Kamila Lena Aneta Gabriela Edyta Martyna Stanisława Marzena Wanda
Jadwiga Janina Helena Genowefa Lucyna Kazimiera Mirosława Stefania Henryka Antonina Milena Nikola Laura Pola Liliana Aniela""",
    ("Poland", "M"): "Piotr Krzysztof Andrzej Tomasz Paweł Jan Michał Marcin Jakub Adam Marek Łukasz Grzegorz Mateusz Wojciech Mariusz Dariusz Zbigniew Maciej Rafał",
    ("Poland", "-"): """Nowak Wójcik Kowalczyk Woźniak Mazur Krawczyk Kaczmarek Zając Król Wróbel Wieczorek Stępień Dudek Adamczyk Pawlak Walczak
Sikora Baran Szewczyk Pietrzak Marciniak Bąk Włodarczyk Kubiak Wilk Lis Mazurek Kaźmierczak Sobczak Cieślak Kołodziej Szymczak Szulc Błaszczyk Mróz
Polak Kozak Kania Mikołajczyk Urban Tomczak Kozioł Markiewicz Nowakowicz Jakubiak Kopeć Domagała Ratajczak Kurek Michalak Wasilewicz Bednarz Leśniak Owczarek
Bielak Stasiak Banaś Matusiak Janik Sowa Chmiel Skiba Rogala Kostrzewa Klimek Madej Kuś Czech Musiał Gołąb Żak Kmiecik Duda Pająk Borek""",
    ("Brazil", "F"): "Maria Ana Francisca Antônia Adriana Juliana Márcia Fernanda Patrícia Aline Sandra Camila Amanda Bruna Jéssica Letícia Júlia Luciana Vanessa Mariana Gabriela Larissa Beatriz Rafaela Natália",
    ("Brazil", "M"): "José João Antônio Francisco Carlos Paulo Pedro Lucas Luiz Marcos Luís Gabriel Rafael Daniel Marcelo Bruno Eduardo Felipe Rodrigo Matheus Gustavo Fernando Leonardo Guilherme Thiago",
    ("Brazil", "-"): "Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa Ribeiro Martins Carvalho Almeida Lopes Soares Fernandes Vieira Barbosa Rocha Dias Nascimento Andrade Moreira Nunes Marques Machado Mendes Freitas Cardoso Ramos Gonçalves Santana Teixeira",
    ("Australia", "F"): "Olivia Charlotte Emily Jessica Sarah Chloe Isabella Mia Grace Sophie Ruby Hannah Emma Amelia Ella",
    ("Australia", "M"): "Jack William Thomas James Joshua Oliver Daniel Liam Noah Lachlan Samuel Ethan Benjamin Matthew Luke",
    ("Australia", "-"): "Smith Jones Williams Brown Wilson Taylor Johnson White Martin Anderson Thompson Nguyen Thomas Walker Harris Lee Ryan Robinson Kelly King",
    ("Japan", "F"): """Yoko Yumi Keiko Akiko Kazuko Yuko Tomoko Naomi Emi Mayumi Kumiko Miyuki Noriko Hiroko Junko Michiko Sachiko Yoshiko Kyoko Ayumi
Yui Aoi Hina Sakura Misaki Haruka Nanami Rina Mei Yuna Riko Hana Ayaka Mao Ai Asuka Megumi Mai Kana Chika Saki Natsumi Erika Maki Rie Miho Aya Yukari Sayaka Chiaki
Shiori Honoka Kaori Manami Mika Mio Moe Nao Rika Risa Saori Shizuka Sumire Takako Yuka Yukiko Setsuko Fumiko Hitomi Izumi Kanako Reiko Chihiro Kotone Akane Eri
Masako Miki Satomi Chiyo Hanako Maaya Mikako Momoko Yumiko Naoko Akemi""",
    ("Japan", "M"): """Hiroshi Takashi Kenji Makoto Akira Kazuya Daisuke Takeshi Satoshi Naoki Kenichi Hideki Yuki Shota Kenta Tatsuya Tsubasa Ryo Sho Yuta
Haruto Yuto Sota Ren Riku Hayato Kaito Daiki Takumi Kota Ryota Shun Tomoya Yusuke Kazuki Kohei Masato Masaru Minoru Mitsuru Noboru Osamu Shigeru Susumu Tadashi Taro
Toru Yoshio Yutaka Ichiro Jiro Jun Katsuya Keita Koji Manabu Masaki Masahiro Mamoru Motoki Naoto Nobuyuki Ryohei Ryuta Shinji Shinya Shuhei Taichi Takuma Takuya
Tetsuya Tomohiro Toshiyuki Yasuhiro Yohei Yoichi Yosuke Yuya Atsushi Eiji Fumio Goro Isamu Kazuo Kiyoshi Hiroki Hideo Sotaro Kyosuke Rikuto""",
    ("Japan", "-"): """Sato Suzuki Takahashi Tanaka Ito Watanabe Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki Yamaguchi Matsumoto Inoue Kimura
Hayashi Saito Shimizu Yamazaki Mori Abe Ikeda Hashimoto Yamashita Ishikawa Nakajima Maeda Fujita Ogawa Goto Okada Hasegawa Murakami Kondo Ishii Sakamoto Endo Aoki
Fujii Nishimura Fukuda Ota Miura Fujiwara Okamoto Matsuda Nakagawa Nakano Harada Ono Tamura Takeuchi Kaneko Wada Nakayama Ishida Ueda Morita Hara Shibata Sakai Kudo
Yokoyama Miyazaki Miyamoto Uchida Takagi Ando Taniguchi Ohno Maruyama Imai Takada Fujimoto Takeda Murata Ueno Sugiyama Masuda Sugawara Hirano Kojima Otsuka Chiba
Kubo Matsui Iwasaki Sakurai Kinoshita Noguchi Matsuo Nomura Kikuchi Sano Onishi Sugimoto Arai Hamada Ichikawa Furukawa Mizuno Komatsu Shimada Koyama Yano Nishida""",
    ("China", "F"): """Fang Na Min Jing Li Yan Xiuying Juan Xia Ling Guiying Dan Ping Hong Yulan Guilan Ying Mei Xiulan Xiuzhen Ting Yumei Yuzhen Fengying
Yuying Xue Hui Hongmei Qian Qin Lanying Yun Jie Shuzhen Chunmei Hailyan Jia Xiaohong Xiaoli Lijuan Yuhua Yuqin Lihua Shuhua Guirong Guizhen Dongmei Lina Xin Qiong Yue Rui
Ting'ting Wen Xiaoyan Meiling Yating Jiayi Yutong Zihan Xinyi Mengyao Siyu Yuxin Shiyu Ruoxi Wanting Jingyi Xueying Lili Linlin Fei Lan Shan Zhen Ailing Yanling""",
    ("China", "M"): """Wei Qiang Lei Yang Yong Jun Jie Tao Chao Ming Gang Ping Hui Peng Hua Fei Xin Bo Bin Yu Hao Kai Jian Fan Shuai Xu Ning Long Lin Huan
Jianhua Liang Cheng Feng Jianguo Jianjun Chen Rui Zhiqiang Bing Dong Kun Wen Jianping Zhigang Haitao Guoqiang Xiaoming Zhiyong Wenjie Zihao Haoran Yuxuan Yuchen Zixuan Junjie
Mingze Bowen Tianyu Haoyu Ziyang Jiahao Zhiwei Guodong Hongwei Haibo Xiaodong Xuefeng Weidong Yongjun Wenbin Chunlei Guohua Jianming Zhenyu Shaohua Dawei Liwei Zhenhua""",
}
TOP["China", "F"] = TOP["China", "F"].replace("Hailyan", "Haiyan").replace("Ting'ting", "Tingting")
TOP["Poland", "-"] = TOP["Poland", "-"].replace("Nowakowicz", "Urbaniak").replace("Wasilewicz", "Wojtczak")

# Frequent Chinese surnames: character and pinyin (weights by character in the source).
CHINESE = """王 Wang 李 Li 张 Zhang 刘 Liu 陈 Chen 杨 Yang 赵 Zhao 黄 Huang 周 Zhou 吴 Wu 徐 Xu 孙 Sun 胡 Hu 朱 Zhu 高 Gao 林 Lin 何 He
郭 Guo 马 Ma 罗 Luo 梁 Liang 宋 Song 郑 Zheng 谢 Xie 韩 Han 唐 Tang 冯 Feng 于 Yu 董 Dong 萧 Xiao 程 Cheng 曹 Cao 袁 Yuan 邓 Deng 许 Xu 傅 Fu 沈 Shen
曾 Zeng 彭 Peng 吕 Lyu 苏 Su 卢 Lu 蒋 Jiang 蔡 Cai 贾 Jia 丁 Ding 魏 Wei 薛 Xue 叶 Ye 阎 Yan 余 Yu 潘 Pan 杜 Du 戴 Dai 夏 Xia 钟 Zhong 汪 Wang 田 Tian
任 Ren 姜 Jiang 范 Fan 方 Fang 石 Shi 姚 Yao 谭 Tan 廖 Liao 邹 Zou 熊 Xiong 金 Jin 陆 Lu 郝 Hao 孔 Kong 白 Bai 崔 Cui 康 Kang 毛 Mao 邱 Qiu 秦 Qin 江 Jiang
史 Shi 顾 Gu 侯 Hou 邵 Shao 孟 Meng 龙 Long 万 Wan 段 Duan 雷 Lei 钱 Qian 汤 Tang 尹 Yin 黎 Li 易 Yi 常 Chang 武 Wu 乔 Qiao 贺 He 赖 Lai 龚 Gong 文 Wen
庞 Pang 樊 Fan 兰 Lan 殷 Yin 施 Shi 陶 Tao 洪 Hong 翟 Zhai 安 An 颜 Yan 倪 Ni 严 Yan 牛 Niu 温 Wen 芦 Lu 季 Ji 俞 Yu 章 Zhang 鲁 Lu 葛 Ge 伍 Wu 韦 Wei
申 Shen 尤 You 毕 Bi 聂 Nie 丛 Cong 焦 Jiao 向 Xiang 柳 Liu 邢 Xing 路 Lu 岳 Yue 齐 Qi 沿 Yan 梅 Mei 莫 Mo 庄 Zhuang 辛 Xin 管 Guan 祝 Zhu 左 Zuo 涂 Tu
谷 Gu 祁 Qi 时 Shi 舒 Shu 耿 Geng 牟 Mou 卜 Bu 路 Lu 詹 Zhan 关 Guan 苗 Miao 凌 Ling 费 Fei 纪 Ji 靳 Jin 盛 Sheng 童 Tong 欧 Ou 甄 Zhen 项 Xiang 曲 Qu
成 Cheng 游 You 阳 Yang 裴 Pei 席 Xi 卫 Wei 查 Zha 屈 Qu 鲍 Bao 位 Wei 覃 Qin 霍 Huo 翁 Weng 隋 Sui 植 Zhi 甘 Gan 景 Jing 薄 Bo 单 Shan 包 Bao 司 Si
柏 Bai 宁 Ning 柯 Ke 阮 Ruan 桂 Gui 闵 Min""".split()

# Customary spellings of Korean surnames; others follow the Revised Romanization.
KOREAN = dict(zip(*[iter("""김 Kim 이 Lee 박 Park 정 Jung 최 Choi 조 Cho 강 Kang 윤 Yoon 장 Jang 임 Lim 한 Han 오 Oh 서 Seo 신 Shin 권 Kwon 황 Hwang
안 Ahn 송 Song 류 Ryu 전 Jeon 홍 Hong 고 Ko 문 Moon 양 Yang 손 Son 배 Bae 백 Baek 허 Heo 유 Yoo 남 Nam 심 Shim 노 Noh 하 Ha 곽 Kwak 성 Sung 차 Cha 주 Joo
우 Woo 구 Koo 민 Min 진 Jin 나 Na 지 Ji 엄 Eom 변 Byun 채 Chae 원 Won 방 Bang 천 Cheon 공 Kong 현 Hyun 함 Ham 여 Yeo 염 Yeom 석 Seok 추 Choo 도 Do
소 So 설 Seol 선 Sun 길 Gil 연 Yeon 위 Wi 표 Pyo 명 Myung 기 Ki 반 Ban 왕 Wang 금 Geum 옥 Ok 육 Yook 인 In 맹 Maeng 제 Je 모 Mo 탁 Tak 국 Kook 어 Eo
은 Eun 편 Pyun 용 Yong 예 Ye 봉 Bong 경 Kyung 사 Sa 부 Boo 가 Ga 복 Bok 태 Tae 목 Mok 형 Hyung 피 Pi 두 Doo 감 Gam 호 Ho 음 Eum 빈 Bin 동 Dong 온 On
범 Bum 좌 Jwa 팽 Paeng 승 Seung 간 Gan 상 Sang 갈 Gal 단 Dan 마 Ma 견 Kyun 당 Dang""".split())] * 2))

INITIAL = "g kk n d tt r m b pp s ss - j jj ch k t p h".replace("-", "").split(" ")
MEDIAL = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split()
FINAL = ["", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "p", "t", "t", "p", "l", "m", "p", "p", "t", "t",
         "ng", "t", "t", "k", "t", "p", "t"]


def revised(hangul):
    """Revised Romanization of a personal name: syllable by syllable."""
    out = ""
    for ch in hangul:
        n = ord(ch) - 0xAC00
        if not 0 <= n < 11172:
            return None
        out += INITIAL[n // 588] + MEDIAL[n % 588 // 28] + FINAL[n % 28]
    return out.capitalize()


def zipf(items, s):
    return [(name, SCALE / (i + 1) ** s) for i, name in enumerate(items)]


def ranked(country, kind, pool, ordered=False):
    """Frequent names by hand, then the pool in its own or in keyed order."""
    top = words(TOP.get((country, kind), ""))
    rest = pool if ordered else keyed_order(sorted(set(pool)), "name", country, kind)
    return list(dict.fromkeys(top + [n for n in rest if n not in top]))


def merged(pairs):
    out = {}
    for name, w in pairs:
        if name:
            out[name] = out.get(name, 0.0) + float(w)
    return sorted(out.items(), key=lambda nw: (-nw[1], nw[0]))


def weighted(pairs, limit):
    pairs = merged(pairs)[:limit]
    top = pairs[0][1]
    return [(n, SCALE * w / top) for n, w in pairs]


def lists(src):
    """country -> {gender or '-': [(name, weight), ...]}"""
    py, js = src.py_literal, src.js_list
    f, m = "first_names_female", "first_names_male"

    def plain_lists(country, locale, **ordered):
        out = {}
        for g, attr, s, n in (("F", f, .75, FIRST), ("M", m, .75, FIRST), ("-", "last_names", .65, LAST)):
            pool = [x for x in py(locale, attr)]
            out[g] = zipf(ranked(country, g, pool, ordered.get("all") or (g == "-" and ordered.get("last")))[:n], s)
        return out

    out = {}
    out["United States"] = {"F": weighted(py("en_US", f), 250), "M": weighted(py("en_US", m), 250),
                            "-": weighted(py("en_US", "last_names"), 400)}
    out["United Kingdom"] = plain_lists("United Kingdom", "en_GB")
    out["United Kingdom"]["F"] = zipf(list(dict.fromkeys(py("en_GB", f)))[:FIRST], .75)
    out["United Kingdom"]["M"] = zipf(list(dict.fromkeys(py("en_GB", m)))[:FIRST], .75)
    out["United Kingdom"]["-"] = weighted(py("en_GB", "last_names"), LAST)
    out["Germany"] = plain_lists("Germany", "de_DE")
    out["Austria"] = plain_lists("Austria", "de_AT")
    out["France"] = plain_lists("France", "fr_FR", last=True)
    out["Spain"] = plain_lists("Spain", "es_ES")
    out["Brazil"] = plain_lists("Brazil", "pt_BR")
    out["Colombia"] = {"F": weighted(py("es_CO", f), FIRST), "M": weighted(py("es_CO", m), FIRST),
                       "-": weighted(py("es_CO", "last_names"), LAST)}
    out["Belgium"] = {"F": weighted(py("fr_BE", f) + py("nl_BE", f), FIRST),
                      "M": weighted(py("fr_BE", m) + py("nl_BE", m), FIRST),
                      "-": weighted(py("fr_BE", "last_names") + py("nl_BE", "last_names"), LAST)}
    out["Poland"] = {"F": zipf(ranked("Poland", "F", py("pl_PL", f))[:FIRST], .75),
                     "M": zipf(ranked("Poland", "M", py("pl_PL", m))[:FIRST], .75),
                     "-": zipf(ranked("Poland", "-", py("pl_PL", "unisex_last_names"))[:LAST], .65)}
    out["Australia"] = {"F": zipf(ranked("Australia", "F", js("en_AU", "first_name", "female"))[:FIRST], .75),
                        "M": zipf(ranked("Australia", "M", js("en_AU", "first_name", "male"))[:FIRST], .75),
                        "-": zipf(ranked("Australia", "-", js("en_AU", "last_name", "generic"))[:LAST], .65)}
    pairs = [(p[0][2], p[1]) for p in py("ja_JP", "last_name_pairs")]
    known = {n for n, _ in pairs}
    tail = min(w for _, w in pairs)
    extra = [n for n in words(TOP["Japan", "-"]) if n not in known]
    pairs += [(n, tail * ((len(known)) / (len(known) + i + 1)) ** .65) for i, n in enumerate(extra)]
    out["Japan"] = {"F": zipf(ranked("Japan", "F", []), .75), "M": zipf(ranked("Japan", "M", []), .75),
                    "-": weighted(pairs, LAST)}
    pinyin = dict(zip(CHINESE[::2], CHINESE[1::2]))
    out["China"] = {"F": zipf(ranked("China", "F", []), .75), "M": zipf(ranked("China", "M", []), .75),
                    "-": weighted([(pinyin[c], w) for c, w in py("zh_CN", "last_names") if c in pinyin], LAST)}
    korean_first = {}
    for g, attr, key in (("F", f, "female"), ("M", m, "male")):
        base = [revised(n) for n, _ in py("ko_KR", attr)]
        more = [revised(n) for n in js("ko", "first_name", key)]
        base = keyed_order(sorted({n for n in base if n}), "name", "South Korea", g)
        more = keyed_order(sorted({n for n in more if n} - set(base)), "name", "South Korea", g)
        korean_first[g] = zipf((base + more)[:FIRST], .75)
    pairs = [(KOREAN.get(n) or revised(n), w) for n, w in py("ko_KR", "last_names")]
    known = {n for n, _ in pairs}
    tail = min(float(w) for _, w in pairs)
    rare = keyed_order([n for n in KOREAN.values() if n not in known], "name", "South Korea", "-")
    pairs += [(n, tail * (50 / (51 + i)) ** 1.1) for i, n in enumerate(rare)]
    out["South Korea"] = {"F": korean_first["F"], "M": korean_first["M"], "-": weighted(pairs, LAST)}
    return out


def acceptable(name):
    p = plain(name)
    return len(name) > 1 and all(c.isalpha() and c.isascii() or c in " '-." for c in p) and mail_form(name)


def build(src, countries):
    rows = []
    data = lists(src)
    for country in countries:
        german = country in ("Germany", "Austria")
        for g in ("F", "M", "-"):
            kind = "last" if g == "-" else "first"
            for name, w in data[country][g]:
                name = name.strip().replace("’", "'")
                if acceptable(name):
                    rows.append([country, kind, g, name, mail_form(name, german), max(1, round(w))])
    seen = set()
    out = []
    for r in rows:
        if tuple(r[:4]) not in seen:
            seen.add(tuple(r[:4]))
            out.append(r)
    return HEADER, out
