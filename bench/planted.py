"""Long documents with one planted fact: filler from templates, a question that needs the fact, and the response."""
import random

PLACES = ["the harbour", "the old mill", "the town hall", "the north bridge", "the market square", "the railway station",
          "the botanical garden", "the school", "the library", "the bakery", "the boat yard", "the museum", "the chapel",
          "the fire station", "the weir", "the orchard", "the lighthouse", "the tram depot", "the theatre", "the quarry"]
PEOPLE = ["Anna Weiss", "Tom Berger", "the mayor", "a retired teacher", "Lena Hoffmann", "the baker", "two students",
          "the harbour master", "Paul Lindqvist", "the choir", "a carpenter", "Maria Costa", "the council", "a young nurse",
          "Jonas Falk", "the gardener", "an old fisherman", "the postwoman", "Ida Moreau", "the night watchman"]
TIMES = ["In spring", "Last winter", "On a rainy Monday", "Before the holidays", "Early in the morning", "After the flood",
         "During the fair", "At the end of August", "One quiet evening", "For several weeks", "Ten years ago", "This year"]
ACTIONS = ["repaired the roof of", "painted a picture of", "wrote a long letter about", "collected money for", "cleaned the windows of",
           "planted trees behind", "measured the walls of", "met friends near", "took photographs of", "told stories about",
           "complained about the noise at", "opened a small shop beside", "counted the birds around", "carried wooden boxes to",
           "organised a concert in", "drew a new map of", "waited for the bus at", "lost a blue umbrella near"]
ENDINGS = ["and nobody was surprised.", "which took longer than planned.", "while the children watched.", "although it was already dark.",
           "and the newspaper printed a short note.", "because the weather had been mild.", "before going home on foot.",
           "and coffee was served afterwards.", "without asking for help.", "so that visitors would feel welcome.",
           "even if the work was hard.", "and the dog barked the whole time."]
REMARKS = ["Opinions differed.", "The plan was discussed again a week later.", "Most people agreed that it was worth the effort.",
           "A few chairs had to be borrowed.", "It did not cost much.", "The old photographs show how little has changed.",
           "Several neighbours brought bread and soup.", "Later the street was closed for a day."]

THINGS = [("access code", "number"), ("password", "word"), ("telephone number", "number"), ("locker number", "number"),
          ("name of the cat", "name"), ("colour of the door", "colour"), ("favourite dish", "dish"), ("reference number", "number")]
VALUES = {"word": ["marigold", "thunderbolt", "copperfield", "nightingale", "saltwater", "evergreen", "pendulum", "labyrinth"],
          "name": ["Mortimer", "Pepper", "Clementine", "Bartholomew", "Whiskey", "Octavia", "Zephyr", "Domino"],
          "colour": ["turquoise", "crimson", "lavender", "mustard yellow", "emerald green", "ivory", "indigo", "bright orange"],
          "dish": ["pumpkin soup", "grilled mackerel", "plum dumplings", "lentil curry", "walnut pie", "mushroom risotto",
                   "smoked trout", "potato pancakes"]}
OWNERS = ["Professor Lindgren", "the Ravenscroft company", "Captain Okafor", "the Blue Heron inn", "Doctor Yamamoto",
          "the Silverton observatory", "Madame Fournier", "the Halloway brothers"]


def sentence(r):
    return f"{r.choice(TIMES)}, {r.choice(PEOPLE)} {r.choice(ACTIONS)} {r.choice(PLACES)}, {r.choice(ENDINGS)}"


def paragraph(r):
    lines = [sentence(r) for _ in range(r.randint(2, 5))]
    if r.random() < 0.6:
        lines.insert(r.randrange(1, len(lines) + 1), r.choice(REMARKS))
    return lines


def fact(r):
    thing, kind = r.choice(THINGS)
    owner = r.choice(OWNERS)
    value = str(r.randint(10000, 99999)) if kind == "number" else r.choice(VALUES[kind])
    return {"planted": f"The {thing} of {owner} is {value}.", "question": f"What is the {thing} of {owner}?",
            "response": f"The {thing} of {owner} is {value}."}


def document(tokens, seed, words_per_token=0.80):
    """A case of about `tokens` tokens: {"prompt", "response", "planted", ...}; the same seed, the same case."""
    r = random.Random(f"{seed}/{tokens}")
    found = fact(r)
    paragraphs, words = [], 0
    while words < tokens * words_per_token - 60:
        paragraphs.append(paragraph(r))
        words += sum(len(s.split()) for s in paragraphs[-1])
    at = r.randrange(len(paragraphs))
    paragraphs[at].insert(r.randrange(len(paragraphs[at]) + 1), found["planted"])
    text = "\n\n".join(" ".join(p) for p in paragraphs)
    return {**found, "seed": seed, "prompt": f"{text}\n\n{found['question']}"}
