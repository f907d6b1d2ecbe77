"""SQL formatted for people: one clause per line, contents of parentheses indented. Only white space changes."""

import re

TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|%\(\w+\)s|::|:'?\w+'?|\w+(?:\.[\w*]+)*|[<>=|!~-]+|\S")
CLAUSES = {"select", "from", "left", "join", "where", "group", "order", "limit", "union"}
CONDITIONS = {"where", "and", "or", "("}  # before a parenthesis around conditions
NO_CALL = {"as", "where", "and", "or", "in", "over", "from", "when", "by", "on", "any", "not", "then", "else", "select"}
WIDTH = 100


def tokens(sql: str) -> list[str]:
    return TOKEN.findall(sql)


def laid_out(sql: str) -> str:
    return "\n".join(line.rstrip() for line in _Layout(tokens(sql)).lines if line.strip())


class _Layout:
    """Formats tokens. A parenthesis is a block (a select, or conditions too long for a line) or stays in its line."""

    def __init__(self, all_tokens: list[str]) -> None:
        self.tokens = all_tokens
        self.lines = [""]
        self.clauses: list[str | None] = [""]  # the current clause of each level; None if the level stays in its line
        self.previous = ""
        for place, token in enumerate(all_tokens):
            self.add(place, token)
            self.previous = token

    def add(self, place: int, token: str) -> None:
        clause = self.clauses[-1]
        if token == ")":
            self.clauses.pop()
            if clause is not None:
                self.break_line()
        elif clause is not None and token in CLAUSES and (token, self.previous) != ("join", "left"):
            self.break_line()
            self.clauses[-1] = token
        elif clause in ("where", "(") and token in ("and", "or"):
            self.break_line(further=clause == "where")
        elif clause is not None and self.is_wide(token):
            self.break_line(further=1)
        self.write(token)
        if token == "(":
            self.clauses.append(self.block(place))
            if self.clauses[-1] is not None:
                self.break_line()
        elif token == "," and self.previous == ")" and self.tokens[place + 2 : place + 4] == ["as", "("]:
            self.break_line()

    def is_wide(self, token: str) -> bool:
        width = len(self.lines[-1])
        return width > WIDTH if self.previous == "," else token in ("when", "else") and width > WIDTH / 2

    def block(self, place: int) -> str | None:
        inside, depth = [], 1
        for token in self.tokens[place + 1 :]:
            depth += {"(": 1, ")": -1}.get(token, 0)
            if depth == 0:
                break
            inside.append(token)
        if "select" in inside:
            return ""
        return "(" if self.previous in CONDITIONS and len(" ".join(inside)) > 60 else None

    def break_line(self, further: int = 0) -> None:
        depth = sum(clause is not None for clause in self.clauses) - 1
        self.lines.append("    " * (depth + further))

    def write(self, token: str) -> None:
        is_glued = (
            token in {",", ")", "::", "[", "]"}
            or self.previous in {"(", "::", "["}
            or not self.lines[-1].strip()
            or (token == "(" and re.fullmatch(r"\w+", self.previous) and self.previous not in NO_CALL)
        )
        self.lines[-1] += token if is_glued else f" {token}"
