"""A homework's answer: what it is made of, its template, answer.md and report.html. Loads no Paddle."""
