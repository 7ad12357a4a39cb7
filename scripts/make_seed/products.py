"""products.csv: 29,120 made-up products that follow published statistics of the theLook catalogue."""
import hashlib
import math

from .common import NORMAL, Rng

HEADER = ["id", "cost", "category", "name", "brand", "retail_price", "department", "sku",
          "distribution_center_id", "popularity"]

# department | category | count | mean price | sigma of ln price | min | max | cost share
CELLS = [(d, c, int(n), float(m), float(s), float(lo), float(hi), float(r)) for d, c, n, m, s, lo, hi, r in (
    line.split("|") for line in """Men|Jeans|1117|101.16|0.605|9.99|389.0|0.5316
Men|Underwear|1088|27.16|0.516|5.99|283.34|0.4703
Men|Tops & Tees|1084|42.25|0.644|5.0|268.0|0.5608
Men|Pants|1041|59.81|0.587|9.99|293.33|0.459
Men|Sweaters|999|77.59|0.644|9.0|349.98|0.5004
Men|Fashion Hoodies & Sweatshirts|971|58.32|0.636|10.43|903.0|0.5503
Men|Sleep & Lounge|941|50.16|0.789|6.99|399.95|0.3993
Men|Shorts|939|50.14|0.893|7.9|999.0|0.5008
Men|Swim|906|50.09|0.460|12.9|274.99|0.6005
Men|Socks|905|20.42|1.302|2.99|903.0|0.6023
Men|Outerwear & Coats|828|149.27|0.811|11.99|999.0|0.4421
Men|Accessories|820|41.68|0.888|1.5|296.45|0.4007
Men|Active|753|47.63|1.011|5.0|903.0|0.4207
Men|Suits & Sport Coats|739|126.56|0.690|9.99|698.0|0.4007
Women|Intimates|2363|33.71|0.766|1.75|903.0|0.5306
Women|Dresses|955|84.2|0.812|7.99|498.0|0.4513
Women|Maternity|898|50.8|0.658|1.98|275.0|0.4415
Women|Fashion Hoodies & Sweatshirts|895|49.14|0.555|8.88|288.0|0.4705
Women|Swim|892|65.66|0.599|5.95|288.0|0.4209
Women|Jeans|882|93.66|0.578|12.0|326.0|0.5412
Women|Sleep & Lounge|830|48.15|0.650|2.99|360.0|0.601
Women|Shorts|826|40.8|0.695|4.99|246.0|0.5003
Women|Tops & Tees|784|40.08|0.778|3.11|285.0|0.5589
Women|Plus|758|38.43|1.008|1.82|903.0|0.5008
Women|Accessories|739|43.55|0.928|2.0|299.0|0.4007
Women|Sweaters|738|72.24|0.750|5.99|588.0|0.449
Women|Active|679|53.93|1.133|1.95|903.0|0.4202
Women|Socks & Hosiery|666|16.76|0.612|1.95|159.95|0.4013
Women|Pants & Capris|613|54.71|0.876|7.92|895.0|0.531
Women|Outerwear & Coats|592|141.47|0.782|10.51|903.0|0.4495
Women|Leggings|564|27.15|0.972|4.99|528.81|0.6
Women|Blazers & Jackets|561|92.6|0.830|7.68|698.0|0.38
Women|Skirts|367|52.33|0.932|6.49|598.0|0.3998
Women|Suits|188|116.16|0.384|13.99|239.72|0.6046
Women|Jumpsuits & Rompers|162|45.42|1.029|8.74|550.0|0.5288
Women|Clothing Sets|37|84.84|0.471|19.99|199.95|0.6183""".splitlines())]

MAX_SIGMA = 0.9
BRANDS = 2750

COLOURS = """Black White Navy Grey Charcoal Ivory Cream Beige Camel Tan Brown Olive Khaki Forest Sage Mint Teal Aqua Cobalt Indigo
Sky Slate Silver Stone Sand Rust Copper Amber Mustard Gold Coral Peach Blush Rose Plum Berry Wine Ruby Red Lilac""".split()

NOUNS = {k: v.split(",") for k, v in (line.split(":") for line in """Jeans:Jeans,Denim,Straight Jeans,Slim Jeans,Bootcut Jeans
Men Underwear:Boxers,Briefs,Trunks,Boxer Briefs,Undershirt
Men Tops & Tees:Tee,Shirt,Polo,Henley,Tank
Women Tops & Tees:Tee,Blouse,Top,Tunic,Camisole
Pants:Pants,Chinos,Trousers,Cargos,Cords
Sweaters:Sweater,Cardigan,Pullover,Jumper,Turtleneck
Fashion Hoodies & Sweatshirts:Hoodie,Sweatshirt,Zip Hoodie,Fleece
Men Sleep & Lounge:Pajamas,Robe,Lounge Pants,Sleep Shirt
Women Sleep & Lounge:Pajamas,Robe,Nightgown,Sleep Shirt,Chemise
Shorts:Shorts,Cargo Shorts,Denim Shorts,Bermudas
Men Swim:Swim Trunks,Boardshorts,Swim Shorts,Rash Guard
Women Swim:Swimsuit,Bikini,Tankini,Cover Up,Swim Skirt
Men Socks:Socks,Crew Socks,Ankle Socks,Dress Socks
Socks & Hosiery:Socks,Tights,Stockings,Knee Socks
Outerwear & Coats:Coat,Parka,Jacket,Raincoat,Anorak
Men Accessories:Belt,Cap,Scarf,Wallet,Gloves,Tie
Women Accessories:Belt,Hat,Scarf,Clutch,Gloves,Wrap
Men Active:Track Pants,Running Tee,Jersey,Training Shorts
Women Active:Yoga Pants,Sports Bra,Running Tee,Track Jacket
Suits & Sport Coats:Suit,Blazer,Sport Coat,Tuxedo,Vest
Intimates:Bra,Slip,Bodysuit,Panty,Bralette,Corset
Dresses:Dress,Maxi Dress,Sundress,Gown,Shift Dress
Maternity:Maternity Top,Maternity Jeans,Nursing Bra,Maternity Dress
Plus:Plus Top,Plus Dress,Plus Pants,Plus Tunic
Pants & Capris:Pants,Capris,Trousers,Palazzos
Leggings:Leggings,Jeggings,Footless Tights
Blazers & Jackets:Blazer,Jacket,Bolero,Moto Jacket
Skirts:Skirt,Pencil Skirt,Maxi Skirt,Mini Skirt
Suits:Skirt Suit,Pant Suit,Dress Suit
Jumpsuits & Rompers:Jumpsuit,Romper,Playsuit
Clothing Sets:Twin Set,Knit Set,Two Piece Set""".splitlines())}

ADJECTIVES = """Classic Slim Relaxed Soft Vintage Modern Urban Light Cozy Sleek Bold Crisp Washed Ribbed Striped Plaid Floral Knit Woven Quilted
Lined Stretch Fitted Loose Cropped Tailored Casual Formal Sport Travel Summer Winter Weekend Everyday Premium Organic Cotton Linen Merino
Silky Textured Printed Faded Rugged Graphic Seamless""".split()
PLAIN_ADJECTIVES = [a for a in ADJECTIVES if a not in ("Knit", "Formal")]

ONSET = """b br c cl d dr f fl fr g gr h j k kr l m n p pr r s sl st t tr th v w z b d f k l m n r s t v""".split()
VOWEL = "a e i o u a e i o a e o ea ie ou".split()
CODA = "- - - l n r s m nd ld rn rk st th x v".replace("-", "").split(" ")
ENDING = """a o e en an on in el er is us ia io ara enne ette olin ander ell ard wick ford well mont ham ley ston ridge more land berg
stad holm vik dal aux ine ova ari eno isk""".split()

# Known marks (and near ones) that chance could hit; compared in lower case.
MARKS = set("""adidas aldo allsaints anthropologie asics armani balenciaga balmain banana barbour bebe benetton bershka billabong birkin boden bonobo bonds
boohoo boss bottega brioni brooks burberry burton calida calvin camper canada carhartt cartier celine chanel chloe clarks coach colombia columbia
converse cotton crocs delia denim desigual diesel dior disney dkny dockers dolce ecco ellesse energie esprit etro evisu express fendi fila forever
fossil fred free gant gap gerry givenchy gucci guess haglofs hanes hanro hermes hollister hugo hurley icebreaker jockey joules kappa karen kenzo
keds kookai lacoste lands lee levis loewe loft lotto lucky lululemon mango marc marmot massimo mavi mexx michael missoni miu moncler monki morgan
moschino napapijri nautica new next nike oasis oakley obermeyer odlo old only oneill patagonia penguin pepe petit pink polo prada prana puma quiksilver
ralph reebok reiss replay rip river roxy salomon sandro schiesser sebago sisley skechers speedo spanx stella stussy superdry swarovski tchibo
tommy topman topshop tory triumph tumi under uniqlo umbro urban valentino vans vero versace victoria volcom wacoal wolford wrangler zara zegna
zimmermann arena maidenform carter carters cato chicos talbots dillards kohls macys target walmart costco amazon ebay etsy zalando asos shein primark
aritzia madewell everlane allbirds arcteryx clovian fabletics mammut ortovox scarpa merrell timberland caterpillar dickies brixton element vaude jansport eastpak""".split())
OFFENSIVE = """nazi fuk fuc shit dick cunt rape anal arse slut porn fag nig kkk sex cum tit hell ass piss puss cock coc whor hoe homo klan perv
crap dam dead die kill gay jew coon spic wank twat poo pee bum fart drug coke meth ketam""".split()


def one_edit(a, b):
    """At most one letter inserted, deleted or replaced."""
    if abs(len(a) - len(b)) > 1:
        return False
    i = 0
    while i < min(len(a), len(b)) and a[i] == b[i]:
        i += 1
    return a[i + 1:] == b[i + 1:] or a[i:] == b[i + 1:] or a[i + 1:] == b[i:]


def near_mark(name):
    return any((len(m) > 4 and (m in name or one_edit(m, name))) or m == name for m in MARKS)


def brand_names(rng, count, taken):
    out, seen = [], set()
    while len(out) < count:
        parts = rng.pick(ONSET) + rng.pick(VOWEL) + rng.pick(CODA)
        if rng.u() < 0.45:
            parts += rng.pick(ONSET) + rng.pick(VOWEL[:12])
        ending = rng.pick(ENDING)
        if parts[-1] in "aeiou" and ending[0] in "aeiou":
            parts += rng.pick("lnrsvdm")
        name = parts + ending
        if not 5 <= len(name) <= 9 or name in seen or name in taken or near_mark(name):
            continue
        if any(bad in name for bad in OFFENSIVE):
            continue
        if any(sum(c in "aeiou" for c in name[i:i + 4]) in (0, 4) for i in range(len(name) - 3)):
            continue
        if any(name[i] == name[i + 1] == name[i + 2] for i in range(len(name) - 2)):
            continue
        seen.add(name)
        out.append(name.capitalize())
    return out


def brand_sizes(count, total, s):
    weights = [(i + 1) ** -s for i in range(count)]
    unit = total / math.fsum(weights)
    exact = [max(1.0, w * unit) for w in weights]
    unit = total / math.fsum(exact)
    exact = [e * unit for e in exact]
    sizes = [max(1, int(e)) for e in exact]
    order = sorted(range(count), key=lambda i: (-(exact[i] - int(exact[i])), i))
    i = 0
    while sum(sizes) < total:
        sizes[order[i % count]] += 1
        i += 1
    while sum(sizes) > total:
        sizes[sizes.index(max(sizes))] -= 1
    return sorted(sizes, reverse=True)


def assign_brands(names, sizes):
    """cell index -> list of brands; a brand stays in one to four categories."""
    rng = Rng("brands")
    left = [c[2] for c in CELLS]
    out = [[] for _ in CELLS]
    for name, size in zip(names, sizes):
        want = 4 if size >= 60 else 1 + rng.below(4) if size >= 8 else 1 + rng.below(min(size, 3))
        cells = []
        while len(cells) < want:
            free = [i for i in range(len(CELLS)) if left[i] > 0 and i not in cells]
            if not free:
                break
            if len(cells) == 3 or want == 1:        # the last one must have room for the rest
                room = size - sum(min(left[i], size) for i in cells)
                roomy = [i for i in free if left[i] >= room]
                free = roomy or [max(free, key=lambda i: (left[i], -i))]
            cells.append(rng.weighted(free, [left[i] for i in free]))
        while sum(left[i] for i in cells) < size and len(cells) < 4:
            cells.append(max((i for i in range(len(CELLS)) if i not in cells), key=lambda i: (left[i], -i)))
        if sum(left[i] for i in cells) < size:
            raise SystemExit("make-seed: a brand does not fit into four categories")
        parts = [1 if left[i] else 0 for i in cells]
        while sum(parts) < size:
            open_ = [j for j, i in enumerate(cells) if parts[j] < left[i]]
            j = rng.weighted(open_, [left[cells[j]] - parts[j] for j in open_])
            parts[j] += 1
        for i, n in zip(cells, parts):
            left[i] -= n
            out[i] += [name] * n
    return out


def snap(value, ending):
    """Nearest price with the ending wanted, in cents."""
    cents = value * 100.0
    if ending is None:
        c = int(round(cents))
        return c if c % 100 not in (99, 95, 0) else c + 3
    return int(round((cents - ending) / 100.0)) * 100 + ending


def cell_prices(cell):
    d, c, n, mean, sigma, low, high, _ = cell
    rng = Rng("price", d, c)
    sigma = min(sigma, MAX_SIGMA)
    us = rng.shuffled([(i + rng.u()) / n for i in range(n)])
    endings = rng.shuffled((lambda a: a + [None] * (n - len(a)))(
        [99] * round(.45 * n) + [95] * round(.15 * n) + [0] * round(.25 * n)))
    lo_c, hi_c = int(round(low * 100)), int(round(high * 100))

    def prices(mu):
        a = NORMAL.cdf((math.log(low) - mu) / sigma)
        b = NORMAL.cdf((math.log(high) - mu) / sigma)
        out = []
        for u, e in zip(us, endings):
            q = min(max(a + u * (b - a), 1e-12), 1 - 1e-12)
            p = snap(math.exp(mu + sigma * NORMAL.inv_cdf(q)), e)
            while p < lo_c:
                p += 100
            while p > hi_c:
                p -= 100
            out.append(p)
        return out

    left, right = math.log(mean) - 3.0, math.log(mean) + 3.0
    for _ in range(40):
        mid = (left + right) / 2
        if sum(prices(mid)) < mean * 100 * n:
            left = mid
        else:
            right = mid
    return prices(right)


def cell_costs(cell, prices):
    d, c, n, _, _, _, _, share = cell
    rng = Rng("cost", d, c)
    noise = [1 + 0.05 * max(-3.0, min(3.0, rng.normal())) for _ in range(n)]
    scale = share * sum(prices) / math.fsum(p * x for p, x in zip(prices, noise))
    return [min(p - 1, max(1, int(round(p * x * scale)))) for p, x in zip(prices, noise)]


def money(cents):
    return f"{cents // 100}.{cents % 100:02d}"


def build(taken):
    rng = Rng("catalogue")
    brands = brand_names(Rng("brand-names"), BRANDS, taken)
    by_cell = assign_brands(brands, brand_sizes(BRANDS, sum(c[2] for c in CELLS), 0.8))
    products = []
    names = set()
    for cell, cell_brands in zip(CELLS, by_cell):
        d, c = cell[0], cell[1]
        nouns = NOUNS.get(f"{d} {c}") or NOUNS[c]
        prices = cell_prices(cell)
        costs = cell_costs(cell, prices)
        for brand, price, cost in zip(rng.shuffled(cell_brands), prices, costs):
            while True:
                noun, adjective, colour = rng.pick(nouns), rng.pick(PLAIN_ADJECTIVES), rng.pick(COLOURS)
                name = f"{brand} {adjective} {noun} {colour}"
                if adjective not in noun and name not in names:
                    break
            names.add(name)
            products.append([d, c, brand, name, price, cost])
    products = rng.shuffled(products)
    rank = {}
    for dep in ("Men", "Women"):
        members = rng.shuffled([i for i, p in enumerate(products) if p[0] == dep])
        for r, i in enumerate(members):
            rank[i] = max(1, round(1000000 * (r + 1) ** -0.8))
    rows = []
    for i, (d, c, brand, name, price, cost) in enumerate(products):
        sku = hashlib.md5(f"{i + 1}{name}".encode("utf-8"), usedforsecurity=False).hexdigest().upper()
        rows.append([i + 1, money(cost), c, name, brand, money(price), d, sku, 1 + rng.below(10), rank[i]])
    return HEADER, rows
