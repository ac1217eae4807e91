#!/usr/bin/python3
"""One SSH connection with exactly the bytes that are asked for, from the caller's network namespace.

usage: rawssh.py JSON      {"host":..., "port":22, "tries":[{"user":HEX, "password":TEXT}, ...]}
Prints one JSON line per try: {"after":..., "before":..., "ok":bool, "error":TEXT}. The user name is
given as hex, since it may hold any byte. Needed because ssh(1) takes no NUL and no arbitrary bytes,
and because it cannot change the user name in the middle of a connection.
"""
import datetime
import json
import socket
import sys

import paramiko


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def main():
    job = json.loads(sys.argv[1])
    sock = socket.create_connection((job["host"], job.get("port", 22)), 10)
    transport = paramiko.Transport(sock)
    transport.start_client(timeout=20)
    for attempt in job["tries"]:
        after, ok, error = now(), False, ""
        try:
            transport.auth_password(bytes.fromhex(attempt["user"]), attempt["password"], fallback=False)
            ok = True
        except Exception as exc:  # refused, or the server closed the connection
            error = type(exc).__name__
        print(json.dumps({"after": after, "before": now(), "ok": ok, "error": error}), flush=True)
        if not transport.is_active():
            break
    transport.close()


main()
