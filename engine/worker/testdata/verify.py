"""Says again who won a raffle, from the proof that `usher raffle proof` prints. A line a ticket: the ticket and its prize.

It shares nothing with usher but the rules:
- the score of a ticket is SHA-256 of "SEED:TICKET";
- drawn together: lowest score first, prizes in the order written, one a holder unless prizes_each;
- drawn at once: score / 2^256 falls on the first prize whose odds, added to those before it, are above it. A hit without a
  prize left is none: which was the last is told by the proof.
"""
import hashlib
import json
import sys
from fractions import Fraction

proof = json.load(open(sys.argv[1], encoding="utf-8"))


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def score(ticket):
    return sha(proof["seed"] + ":" + ticket["ticket"])


assert sha(proof["seed"]) == proof["seed_hash"], "another seed"
prizes, tickets = proof["prizes"], proof["tickets"]
assert len({t["ticket"] for t in tickets}) == len(tickets), "a ticket twice"
each = proof.get("prizes_each", False)
given, winners = {}, set()

if proof["drawn"]:
    left = [p.get("count", len(tickets)) or len(tickets) for p in prizes]
    for t in sorted(tickets, key=score):
        prize = ""
        if each or t["holder"] not in winners:
            for i, p in enumerate(prizes):
                if left[i] > 0:
                    left[i] -= 1
                    prize = p["name"]
                    winners.add(t["holder"])
                    break
        given[t["ticket"]] = prize
else:
    count = {}
    for t in tickets:
        at, end, hit = Fraction(int(score(t), 16), 2**256), Fraction(0), None
        for p in prizes:
            end += Fraction(p["odds"])
            if at < end:
                hit = p
                break
        prize = t.get("prize", "")
        assert prize in ("", hit["name"] if hit else ""), "another prize than was hit"
        if prize:
            count[prize] = count.get(prize, 0) + 1
            assert each or t["holder"] not in winners, "a holder won twice"
            winners.add(t["holder"])
        given[t["ticket"]] = (prize, hit)
    for t in tickets:
        prize, hit = given[t["ticket"]]
        if hit and not prize and (each or t["holder"] not in winners):
            assert count.get(hit["name"], 0) == hit.get("count", -1), "a hit without its prize"
        given[t["ticket"]] = prize
    for p in prizes:
        assert not p.get("count") or count.get(p["name"], 0) <= p["count"], "one prize too many"

for t in tickets:
    print(t["ticket"], given[t["ticket"]])
