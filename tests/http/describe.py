#!/usr/bin/env python3
"""Compares a daemon with docs/openapi.json by schemathesis, and then that a description that is wrong is found.

    describe.py --program BAZAARD --cluster PG_CLUSTER --directory DIRECTORY --schemathesis ST --document FILE
"""

import argparse
import json
import os
import subprocess
import sys

from daemon import Daemon, TOKEN

# Not those that ask for what a document cannot say: that a value in its range has too many decimals.
LEFT_OUT = "positive_data_acceptance"


def forget(document, path, verb, status):
    del document["paths"][path][verb]["responses"][status]


# What is done to the description, and what schemathesis must say of it.
HARMS = {
    "a status that is left out": (lambda d: forget(d, "/control", "post", "415"), "Undocumented status code"),
    "a field of another type": (lambda d: d["components"]["schemas"]["Alive"]["properties"]["alive"].update(type="string"),
                                "Response violates schema"),
    "a field that is not there": (lambda d: d["components"]["schemas"]["Readiness"]["required"].append("willing"),
                                  "Response violates schema"),
    "another media type": (lambda d: d["paths"]["/metrics"]["get"]["responses"]["200"].update(
        content={"application/json": {"schema": {}}}), "Undocumented Content-Type"),
    "a header that is not sent": (lambda d: d["paths"]["/livez"]["get"]["responses"]["200"].update(
        headers={"X-Why": {"required": True, "schema": {"type": "string"}}}), "Missing required response headers"),
    "a method that is not taken": (lambda d: d["paths"]["/livez"].update(post=dict(d["paths"]["/livez"]["get"])),
                                   "Undocumented status code"),
}


def compare(asked, daemon, document, examples):
    """Whether the daemon is as described, and what was said."""
    path = os.path.join(asked.directory, "openapi.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)
    environment = dict(os.environ, SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=os.path.dirname(os.path.abspath(__file__)),
                       NO_PROXY="*", no_proxy="*")
    done = subprocess.run(
        [asked.schemathesis, "run", path, "--url", daemon.address.rstrip("/"), "--header", f"Authorization: Bearer {TOKEN}",
         "--exclude-checks", LEFT_OUT, "--max-examples", str(examples), "--seed", "1", "--no-color",
         "--generation-database", "none", "--request-timeout", "20", "--suppress-health-check", "all"],
        capture_output=True, text=True, env=environment, cwd=asked.directory, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("program", "cluster", "directory", "schemathesis", "document"):
        parser.add_argument("--" + name, required=True)
    asked = parser.parse_args()
    with open(asked.document, encoding="utf-8") as file:
        text = file.read()
    failed = 0
    with Daemon(asked.program, asked.cluster, asked.directory) as daemon:
        good, said = compare(asked, daemon, json.loads(text), 60)
        if not good:
            failed += 1
            print(f"***Failed: the daemon is not as described\n{said}")
        else:
            print("the daemon is as described:", *[line for line in said.splitlines() if "generated" in line])
        for name, (harm, words) in HARMS.items():
            document = json.loads(text)
            harm(document)
            good, said = compare(asked, daemon, document, 20)
            if good or words not in said:
                failed += 1
                print(f"***Failed: {name} is not found, or not as '{words}'\n{said}")
            else:
                print(f"found: {name}")
        if daemon.stop() != 0:
            failed += 1
            print(f"***Failed: the daemon did not end well\n{daemon.said()[-2000:]}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
