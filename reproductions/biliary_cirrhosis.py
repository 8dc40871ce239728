"""Death in primary biliary cholangitis with transplantation competing, repeated cross-validation.

There is no figure of others on these patients with transplants taken as competing; the Mayo score is tried beside the
network, on patients from whom it was derived.
"""

from beside import Peer, reproduce

from bedside.applications.biliary_cirrhosis.study import study

PEERS: tuple[Peer, ...] = ()

EVERY = ("auc_at_5", "brier_at_5", "auc_at_2", "integrated_brier", "harrell_c", "uno_c", "c_td")

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS, every=EVERY)
