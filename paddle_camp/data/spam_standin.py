"""The stand-in for the SMS Spam Collection: messages put together from phrases by the program."""

from __future__ import annotations

import re

import numpy as np

COUNT, SPAM_SHARE, COPIES = 600, 0.15, 0.07  # messages; of them spam; of them copies of earlier ones

HAM = (
    "Ok {friend}, see you {when}",
    "Sorry {friend} i'll call {when}",
    "Hey {friend}, are you {place} {when}?",
    "I'm {place} now, will text you {when}",
    "Did you {do} {when}? I want to {do} too",
    "Haha ok. Let's {do} {when} then",
    "Can you {do} before i get {place}? Thanks {friend}",
    "No worries {friend}, i was free to talk anyway. Claim your {thing} {when}",
    "Happy birthday {friend}! Your {thing} is {place}",
    "Please call {friend}, the {thing} is still {place}",
)
SPAM = (
    "URGENT! You have won a {prize}. Call {number} to claim. Valid {hours}hrs only",
    "Congratulations! Your mobile No. was awarded a {prize}. Txt {word} to {short}. Cost {pence}p/msg",
    "FREE {thing} for your mobile! Reply {word} to {short}. {pence}p per msg, 18+",
    "Dear customer, claim your guaranteed {prize} now: call {number} from a landline",
    "Txt {word} to {short} and win a {prize}! T&Cs apply, {pence}ppm",
    "Hi {friend}, are you free to talk {when}? Call me on {number}",
)
WORDS = {
    "friend": ("honey", "mate", "love", "dear", "mum", "bro"),
    "when": ("later", "tonight", "tomorrow", "after class", "on sunday", "at six"),
    "place": ("at home", "in town", "at the office", "on the bus", "at school"),
    "do": ("eat", "watch the match", "pick me up", "finish the report", "buy milk"),
    "thing": ("ticket", "ringtone", "book", "cake", "phone"),
    "prize": ("£1000 cash prize", "£500 voucher", "holiday for two", "new camera phone", "£2,000 bonus"),
    "word": ("WIN", "CASH", "PRIZE", "TONE"),
}
ENDS = (
    ("", "", " :)", " lol", "...", " xx", " ok?", ", k"),
    ("", "", "!", " Reply STOP to end", " 18+", " Ts&Cs"),
)
DIGITS = {"number": 11, "short": 5, "hours": 2, "pence": 3}  # how many digits


def standin_messages() -> tuple[tuple[str, ...], np.ndarray]:
    """Texts, and int64 labels ``[600]`` (1 for spam); some repeat earlier ones, and some spam reads like ham."""
    rng = np.random.default_rng(0)
    texts: list[str] = []
    labels: list[int] = []

    def drawn(found: re.Match) -> str:
        name = found[1]
        if name in DIGITS:
            return "0" + "".join(map(str, rng.integers(0, 10, DIGITS[name] - 1)))
        return str(rng.choice(WORDS[name]))

    while len(texts) < COUNT:
        if texts and rng.random() < COPIES:
            place = int(rng.integers(len(texts)))
            texts.append(texts[place])
            labels.append(labels[place])
        else:
            label = int(rng.random() < SPAM_SHARE)
            phrase = str(rng.choice((HAM, SPAM)[label])) + str(rng.choice(ENDS[label]))
            texts.append(re.sub(r"\{(\w+)\}", drawn, phrase))
            labels.append(label)
    return tuple(texts), np.array(labels, np.int64)
