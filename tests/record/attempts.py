"""What one attempt is, for truth.ndjson. Imported, not run."""


def attempts_of(rows):
    """The attempts among what was recorded, in the order of time and numbered.

    A client goes through the keys of its agent until one fits: five keys are not five guesses. So a connection
    in which nothing but keys was refused is one attempt, and keys refused in the same connection as a guess or a
    success are none. All keys that a step offers are of one connection.
    """
    def refused_key(row):
        return (row["event.action"], row["event.outcome"], row["method"]) == ("ssh_login", "failure", "publickey")

    rows = sorted(rows, key=lambda row: row["after"])
    guessed = {row["step"] for row in rows if row["event.action"] == "ssh_login" and not refused_key(row)}
    attempts, offered = [], {}
    for row in rows:
        if refused_key(row):
            if row["step"] in guessed:
                continue
            keys = offered.setdefault(row["step"], [])
            keys.append(row)
            if len(keys) > 1:
                keys[0]["before"] = max(keys[0]["before"], row["before"])
                for field in ("visible", "named"):
                    keys[0][field] = [log for log in ("auth", "audit") if log in keys[0][field] + row[field]]
                keys[0]["note"] = f"{len(keys)} keys that are not authorized were offered"
                continue
        attempts.append(row)
    for number, row in enumerate(attempts, 1):
        row["n"] = number
    return attempts
