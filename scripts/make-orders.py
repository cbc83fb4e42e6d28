#!/usr/bin/env python3
"""Writes examples/orders.ndjson: 300 orders as a web shop's webhook sends them, the same on every run."""
import json
import random

CITIES = [
    ("Berlin", "10115", "DE"), ("Hamburg", "20095", "DE"), ("München", "80331", "DE"), ("Köln", "50667", "DE"),
    ("Wien", "1010", "AT"), ("Zürich", "8001", "CH"), ("Paris", "75001", "FR"), ("Lyon", "69001", "FR"),
    ("Amsterdam", "1011", "NL"), ("Kraków", "31-001", "PL"), ("Madrid", "28001", "ES"), ("Lisboa", "1100-148", "PT"),
    ("København", "1050", "DK"), ("Tallinn", "10111", "EE"),
]
FIRST = ["Ada", "Björn", "Chloé", "Dmitri", "Elif", "François", "Grace", "Hiroshi", "Inés", "Jürgen", "Łucja", "Mei",
         "Noor", "Olga", "Pedro", "Søren"]
LAST = ["Almeida", "Björklund", "Çelik", "Dubois", "Eriksson", "Fischer", "García", "Hoffmann", "Ivanova", "Jansen",
        "Kowalski", "Müller", "Nakamura", "O'Brien", "Şahin"]
GOODS = [
    ("LAMP-01", "Desk lamp", "39.90", 1200), ("MUG-07", "Mug \"Monday\"", "12.50", 350),
    ("CHAIR-2", "Oak chair", "149.00", 7800), ("PEN-BLK", "Fountain pen, black", "24.95", 40),
    ("BAG-XL", "Weekend bag", "89.00", 1500), ("NOTE-A5", "Notebook A5", "7.20", 220),
    ("CABLE-C", "USB-C cable, 2 m", "9.99", 60), ("PLANT-3", "Monstera, 40 cm", "34.00", 2600),
]
CODES = [("WELCOME10", "10.00"), ("SUMMER5", "5.00")]


def person(rng):
    first, last = rng.choice(FIRST), rng.choice(LAST)
    mail = (first + "." + last).lower().replace("'", "")
    mail = mail.encode("ascii", "ignore").decode() or "customer"
    return {"id": rng.randrange(10000, 99999), "first_name": first, "last_name": last,
            "email": mail.capitalize() + "@Example.com", "tags": rng.sample(["vip", "b2b", "newsletter"], rng.randrange(3))}


def address(rng, kind):
    city, post_code, country = rng.choice(CITIES)
    return {"type": kind, "street": f"{rng.choice(['Hauptstraße', 'Rue Haute', 'High Street'])} {rng.randrange(1, 199)}",
            "zip": post_code, "city": city, "country": country}


def line(rng, number):
    sku, title, price, grams = rng.choice(GOODS)
    properties = [{"name": "colour", "value": rng.choice(["red", "green", "black", "natural"])}]
    if rng.random() < 0.2:
        properties.append({"name": "gift", "value": "yes"})
    return {"id": number, "sku": sku, "title": title, "quantity": rng.choice([1, 1, 1, 2, 3, 10]), "price": price,
            "grams": grams, "properties": properties}


def order(rng, number):
    day, second = 1 + number // 11, rng.randrange(86400)
    addresses = [address(rng, "billing")]
    if rng.random() < 0.6:
        addresses.append(address(rng, "shipping"))
    result = {
        "id": 4500000 + number, "number": f"#{1000 + number}",
        "created_at": f"2026-{3 + day // 29:02}-{1 + day % 28:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z",
        "currency": "CHF" if rng.random() < 0.1 else "EUR",
        "customer": person(rng), "addresses": addresses,
        "line_items": [line(rng, i + 1) for i in range(rng.choice([1, 1, 2, 3, 5]))],
        "shipping_lines": [{"code": "STANDARD", "price": rng.choice(["0.00", "4.90", "9.90"])}],
        "discount_codes": [], "note": rng.choice([None, None, "Please ring twice", "Geschenk — bitte ohne Rechnung"]),
        "ip": f"203.0.113.{rng.randrange(1, 255)}",
    }
    if rng.random() < 0.25:
        code, amount = rng.choice(CODES)
        result["discount_codes"].append({"code": code, "amount": amount})
    return result


def main():
    rng = random.Random(20260501)
    with open("examples/orders.ndjson", "w", encoding="utf-8") as out:
        for number in range(1, 301):
            out.write(json.dumps(order(rng, number), ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
