"""A smoke test: diagnoses at the next encounter of 19 people whom Synthea invented.

    python reproductions/next_diagnoses.py [--seed N] [--jobs N]

Invented people support no claim, and there is no figure of others to stand beside.
"""

from beside import reproduce

from bedside.applications.next_diagnoses.study import study

if __name__ == "__main__":
    reproduce(study(), lambda _: ())
