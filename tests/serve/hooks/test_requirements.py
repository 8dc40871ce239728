"""Every requirement of CDS Hooks 2.0 on a service, by its number in the list that Inferno's test kit keeps.

A number leads to a test that holds it, or to the reason why there is none. The list itself is read from BEDSIDE_DATA.
"""

import ast
import csv
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = (HERE / "test_service.py", HERE / "test_messages.py", HERE.parent / "test_tokens.py", HERE / "test_settings.py")

NOT_SENT = "not sent: "
CLIENT = "of the client, or agreed between people: "
FREE = "a permission that is not used: "

CARD = "test_a_card_tells_risk_interval_comparison_and_source"
SHAPE = "test_every_message_has_the_elements_and_types_of_the_specification"
NOT_NULL = "test_no_message_holds_null_or_empty_elements"
DISCOVERY = "test_discovery_tells_of_the_service"
ORDER = "test_what_was_not_measured_is_a_card_that_says_so"
FETCHED = "test_what_was_not_sent_is_fetched_with_the_token"
PLAIN = "test_a_service_for_others_is_encrypted"
TEMPLATES = "test_prefetch_templates_keep_to_what_clients_must_support"
SIGNED = "test_every_call_needs_a_token_for_its_own_address"
UNSIGNED = "test_a_token_without_signature_is_refused"
SHARED = "test_a_shared_key_is_refused_even_when_it_is_the_public_key"
WEAKER = "test_weaker_algorithms_are_refused"
JKU = "test_keys_are_fetched_from_the_registered_address_only_and_kept"
BAD_CARDS = "test_a_message_that_the_specification_forbids_cannot_be_made"
FEEDBACK = "test_feedback_is_kept_once"

HELD: dict[int, str] = {
    1: "test_only_json_is_read",
    2: PLAIN,
    3: NOT_NULL,
    4: DISCOVERY,
    5: DISCOVERY,
    6: DISCOVERY,
    7: DISCOVERY,
    8: SHAPE,
    9: SHAPE,
    10: DISCOVERY,
    11: DISCOVERY,
    12: SHAPE,
    13: DISCOVERY,
    14: SIGNED,
    16: CARD,
    27: f"{CLIENT}benchmarks/serving.py measures it; a limit in time is a setting",
    28: CARD,
    29: DISCOVERY,
    34: FETCHED,
    35: TEMPLATES,
    36: DISCOVERY,
    52: "test_an_error_in_the_prefetch_is_no_data",
    54: "test_a_fhir_server_that_refuses_is_412",
    55: TEMPLATES,
    56: TEMPLATES,
    57: TEMPLATES,
    58: TEMPLATES,
    59: TEMPLATES,
    60: FETCHED,
    61: FETCHED,
    74: CARD,
    75: f"{NOT_SENT}systemActions change records unasked; a model here only proposes",
    76: "test_what_is_unknown_is_404_and_what_is_not_allowed_405",
    77: "test_states_are_heeded_at_once",
    78: f"{CLIENT}clients remove old cards",
    80: CARD,
    81: f"{FREE}every card has its uuid",
    82: CARD,
    83: CARD,
    84: CARD,
    85: "test_words_are_left_as_they_are_by_markdown",
    87: SHAPE,
    88: BAD_CARDS,
    89: f"{CLIENT}how clients draw an indicator",
    90: CARD,
    92: ORDER,
    93: BAD_CARDS,
    94: CARD,
    95: BAD_CARDS,
    96: ORDER,
    98: SHAPE,
    99: CARD,
    100: CARD,
    103: SHAPE,
    104: CARD,
    105: SHAPE,
    106: CARD,
    107: CARD,
    108: CARD,
    109: "test_the_pages_of_the_model_are_there",
    110: CARD,
    111: f"{NOT_SENT}no icon",
    112: f"{NOT_SENT}no icon",
    113: f"{FREE}no icon",
    115: SHAPE,
    116: CARD,
    117: SHAPE,
    118: f"{FREE}every suggestion has its uuid",
    119: SHAPE,
    120: f"{FREE}no order is recommended before another",
    121: SHAPE,
    122: f"{FREE}no order is recommended before another",
    123: f"{FREE}every suggestion has an action",
    124: ORDER,
    125: SHAPE,
    127: BAD_CARDS,
    128: SHAPE,
    129: ORDER,
    130: ORDER,
    131: ORDER,
    132: f"{NOT_SENT}nothing that exists is changed",
    133: BAD_CARDS,
    134: BAD_CARDS,
    135: SHAPE,
    136: CARD,
    138: SHAPE,
    139: SHAPE,
    140: f"{FREE}no link holds anything of a case",
    141: SHAPE,
    142: SHAPE,
    144: SHAPE,
    145: CARD,
    146: BAD_CARDS,
    147: BAD_CARDS,
    148: FEEDBACK,
    168: PLAIN,
    175: f"{FREE}mutual TLS is for what stands before the service",
    176: SIGNED,
    177: SIGNED,
    179: f"{FREE}mutual TLS is for what stands before the service",
    195: JKU,
    199: "test_a_right_token_is_taken",
    200: WEAKER,
    201: UNSIGNED,
    203: SHARED,
    205: "test_rs384_is_taken_too",
    206: f"{CLIENT}clients choose again; the service takes what CDS Hooks recommends",
    207: WEAKER,
    208: "test_browsers_of_known_origins_may_call",
    210: f"{FREE}a release answers at one hook",
    211: f"{FREE}a release answers at one hook, so no id is listed twice",
    212: f"{CLIENT}clients remove old cards",
    213: f"{CLIENT}which hooks are called is agreed with each client",
    214: f"{NOT_SENT}no extensions are sent; those that are received are passed over",
    215: f"{NOT_SENT}no extensions are sent",
    216: SHAPE,
    217: SHAPE,
    218: SHAPE,
    219: CARD,
    220: SHAPE,
}


def test_every_requirement_is_held_or_has_its_reason(public_data: Path) -> None:
    folder = public_data / "cds_hooks" / "inferno-crd" / "requirements"
    with (folder / "davinci_crd_test_kit_requirements.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Req Set"] == "cds-hooks_2.0" and "Service" in row["Actors"]]
    assert len(rows) == 120
    assert {int(row["ID"]) for row in rows} == set(HELD)
    binding = {int(row["ID"]) for row in rows if row["Conformance"] in ("SHALL", "SHALL NOT")}
    unused = {number for number in binding if HELD[number].startswith(FREE)}
    assert unused == {211}, "what a service must do is no permission; 211 says how a permission is used"


def test_every_test_that_is_named_is_there() -> None:
    named = {held for held in HELD.values() if held.startswith("test_")}
    assert named <= {name for path in TESTS for name in functions(path)}


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("held", sorted(set(HELD.values())))
def test_a_reason_is_a_reason(held: str) -> None:
    assert held.startswith(("test_", NOT_SENT, CLIENT, FREE))
    assert len(held) > 15
