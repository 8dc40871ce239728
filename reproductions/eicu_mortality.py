"""A smoke test: death in hospital after a day of intensive care in the eICU demo, 98 stays with 5 deaths.

    python reproductions/eicu_mortality.py [--seed N] [--jobs N]

So few support no claim, and there is no figure of others to stand beside.
"""

from beside import reproduce

from bedside.applications.eicu_mortality.study import study

if __name__ == "__main__":
    reproduce(study(), lambda _: ())
