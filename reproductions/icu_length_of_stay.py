"""Days in hospital after 48 hours of intensive care: PhysioNet 2012, learned from set a, judged on set b.

    python reproductions/icu_length_of_stay.py [--seed N] [--jobs N]

No figure of this question with death as a competing end is known to us; what counts is how much better than the mean,
and than boosting on summaries, a network is.
"""

from beside import reproduce

from bedside.applications.icu_length_of_stay.study import study

if __name__ == "__main__":
    reproduce(study(), lambda _: (), every=("rmse", "mae", "spearman"))
