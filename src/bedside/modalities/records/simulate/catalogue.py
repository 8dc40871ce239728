"""What happens in a simulated hospital: its chronic conditions, acute illnesses, measurements, drugs and procedures.

Codes are real, so that tools of real records apply. All rates, sizes of effects and normal values are invented: they
were chosen so that the records look like a hospital's at first sight, and are evidence of nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Vital sign or laboratory value.

    Attributes:
        sd: Of one standard deviation, in the unit; of the natural logarithm where `skewed`.
        severity: Standard deviations by which one unit of severity moves it.
        age: As above, by ten years above sixty.
        limits: Values the simulation keeps within.
        other: Another unit that some results come in, with factor and offset.
        wanted: Share of the occasions at which it is measured.
    """

    name: str
    code: str
    words: str
    unit: str
    mean: float
    sd: float
    digits: int
    limits: tuple[float, float]
    skewed: bool = False
    severity: float = 0.0
    age: float = 0.0
    other: tuple[str, float, float] | None = None
    wanted: float = 0.9


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Chronic condition.

    Attributes:
        hazard: A year, at sixty.
        growth: Of the logarithm of the hazard, a year.
        frailty: Of the logarithm of the hazard, a unit of frailty.
        burden: What it adds to what rules admissions and death.
        after: Name of another condition that hastens it, and how many times.
        drugs: Names of what is prescribed for it.
        moves: Standard deviations by which it moves measurements, by name.
    """

    name: str
    code: str
    words: str
    hazard: float
    growth: float
    frailty: float
    burden: float
    after: tuple[str, float] | None = None
    drugs: tuple[str, ...] = ()
    moves: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Illness:
    """Reason of an admission.

    Attributes:
        share: How common it is among admissions, relative to others.
        more: By condition, how many times more common it is with it.
        severity: Mean of its severity.
        days: Median length of a stay of severity 0.
        intensive: Log odds of intensive care at severity 0.
        drugs: Names of what is given for it.
        procedures: Names of what is done, at most one a stay.
        moves: Standard deviations by which it moves measurements at severity 1, by name.
    """

    name: str
    code: str
    words: str
    share: float
    severity: float
    days: float
    intensive: float
    more: Mapping[str, float] = field(default_factory=dict)
    drugs: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    moves: Mapping[str, float] = field(default_factory=dict)


_FAHRENHEIT: Final = ("[degF]", 1.8, 32.0)

VITALS: Final = (
    Measurement(name="pulse", code="LOINC//8867-4", words="Heart rate", unit="/min", mean=78, sd=13, digits=0,
                limits=(30, 210), severity=0.55),
    Measurement(name="systolic", code="LOINC//8480-6", words="Systolic blood pressure", unit="mm[Hg]", mean=127, sd=17,
                digits=0, limits=(55, 240), severity=-0.35, age=0.2),
    Measurement(name="diastolic", code="LOINC//8462-4", words="Diastolic blood pressure", unit="mm[Hg]", mean=76,
                sd=10, digits=0, limits=(25, 140), severity=-0.3),
    Measurement(name="breathing", code="LOINC//9279-1", words="Respiratory rate", unit="/min", mean=16, sd=3,
                digits=0, limits=(6, 50), severity=0.6),
    Measurement(name="temperature", code="LOINC//8310-5", words="Body temperature", unit="Cel", mean=36.8, sd=0.45,
                digits=1, limits=(33.0, 41.5), severity=0.25, other=_FAHRENHEIT),
    Measurement(name="saturation", code="LOINC//59408-5", words="Oxygen saturation", unit="%", mean=97, sd=1.8,
                digits=0, limits=(70, 100), severity=-0.5),
)  # fmt: skip
"""Taken at every bedside round."""

LABORATORY: Final = (
    Measurement(name="creatinine", code="LOINC//2160-0", words="Creatinine", unit="mg/dL", mean=0.9, sd=0.28, digits=2,
                limits=(0.2, 14), skewed=True, severity=0.4, age=0.2, other=("umol/L", 88.4, 0.0)),
    Measurement(name="urea", code="LOINC//3094-0", words="Urea nitrogen", unit="mg/dL", mean=15, sd=0.36, digits=0,
                limits=(3, 180), skewed=True, severity=0.5, age=0.25),
    Measurement(name="sodium", code="LOINC//2951-2", words="Sodium", unit="mmol/L", mean=139.5, sd=3, digits=0,
                limits=(112, 168), severity=-0.25, other=("meq/L", 1.0, 0.0)),
    Measurement(name="potassium", code="LOINC//2823-3", words="Potassium", unit="mmol/L", mean=4.2, sd=0.42, digits=1,
                limits=(2.0, 7.5), severity=0.1),
    Measurement(name="bicarbonate", code="LOINC//1963-8", words="Bicarbonate", unit="mmol/L", mean=25, sd=2.6,
                digits=0, limits=(6, 45), severity=-0.35),
    Measurement(name="glucose", code="LOINC//2345-7", words="Glucose", unit="mg/dL", mean=102, sd=0.2, digits=0,
                limits=(35, 700), skewed=True, severity=0.35, other=("mmol/L", 1 / 18.0156, 0.0)),
    Measurement(name="haemoglobin", code="LOINC//718-7", words="Haemoglobin", unit="g/dL", mean=13.6, sd=1.5,
                digits=1, limits=(4.5, 20), severity=-0.45, age=-0.15, other=("g/L", 10.0, 0.0)),
    Measurement(name="leucocytes", code="LOINC//6690-2", words="Leucocytes", unit="10*3/uL", mean=7.4, sd=0.3,
                digits=1, limits=(0.5, 60), skewed=True, severity=0.45),
    Measurement(name="platelets", code="LOINC//777-3", words="Platelets", unit="10*3/uL", mean=240, sd=65, digits=0,
                limits=(12, 900), severity=-0.2),
    Measurement(name="reactive_protein", code="LOINC//1988-5", words="C-reactive protein", unit="mg/L", mean=4, sd=0.9,
                digits=1, limits=(0.2, 450), skewed=True, severity=0.9, wanted=0.5, other=("mg/dL", 0.1, 0.0)),
    Measurement(name="albumin", code="LOINC//1751-7", words="Albumin", unit="g/dL", mean=4.1, sd=0.42, digits=1,
                limits=(1.2, 5.6), severity=-0.6, age=-0.1, wanted=0.5),
    Measurement(name="bilirubin", code="LOINC//1975-2", words="Bilirubin", unit="mg/dL", mean=0.6, sd=0.4, digits=1,
                limits=(0.1, 35), skewed=True, severity=0.3, wanted=0.4),
    Measurement(name="aminotransferase", code="LOINC//1742-6", words="Alanine aminotransferase", unit="U/L", mean=24,
                sd=0.45, digits=0, limits=(4, 4000), skewed=True, severity=0.3, wanted=0.4),
)  # fmt: skip
"""A panel that is drawn in the clinic now and then, on the ward each morning."""

GASES: Final = (
    Measurement(name="lactate", code="LOINC//2524-7", words="Lactate", unit="mmol/L", mean=1.2, sd=0.35, digits=1,
                limits=(0.3, 22), skewed=True, severity=0.8),
    Measurement(name="ph", code="LOINC//2744-1", words="pH of arterial blood", unit="[pH]", mean=7.4, sd=0.045,
                digits=2, limits=(6.8, 7.7), severity=-0.5),
    Measurement(name="carbon_dioxide", code="LOINC//2019-8", words="Carbon dioxide, arterial", unit="mm[Hg]", mean=40,
                sd=6, digits=0, limits=(15, 110), severity=0.15),
    Measurement(name="coma_scale", code="LOINC//9269-2", words="Glasgow coma scale", unit="{score}", mean=14.6, sd=1.3,
                digits=0, limits=(3, 15), severity=-0.7, age=-0.1),
)  # fmt: skip
"""Taken in intensive care alone."""

CLINIC: Final = (
    Measurement(name="weight", code="LOINC//29463-7", words="Body weight", unit="kg", mean=78, sd=16, digits=1,
                limits=(35, 220), severity=-0.1, age=-0.1, other=("[lb_av]", 2.2046226, 0.0)),
    Measurement(name="glycated", code="LOINC//4548-4", words="Haemoglobin A1c", unit="%", mean=5.5, sd=0.35, digits=1,
                limits=(4, 15), wanted=0.12, age=0.1),
)  # fmt: skip
"""Taken in the clinic alone."""

MEASUREMENTS: Final = (*VITALS, *LABORATORY, *GASES, *CLINIC)

CONDITIONS: Final = (
    Condition(name="hypertension", code="ICD10CM//I10", words="Essential hypertension", hazard=0.022, growth=0.05,
              frailty=0.2, burden=0.1, drugs=("lisinopril", "amlodipine"), moves={"systolic": 0.7, "diastolic": 0.4}),
    Condition(name="lipids", code="ICD10CM//E78.5", words="Hyperlipidaemia", hazard=0.018, growth=0.04, frailty=0.1,
              burden=0.0, drugs=("atorvastatin",)),
    Condition(name="obesity", code="ICD10CM//E66.9", words="Obesity", hazard=0.006, growth=0.01, frailty=0.2,
              burden=0.1, moves={"weight": 1.8}),
    Condition(name="diabetes", code="ICD10CM//E11.9", words="Type 2 diabetes", hazard=0.0055, growth=0.035, frailty=0.3,
              burden=0.3, after=("obesity", 1.8), drugs=("metformin", "glargine"),
              moves={"glucose": 1.8, "glycated": 4.0}),
    Condition(name="coronary", code="ICD10CM//I25.10", words="Coronary heart disease", hazard=0.005, growth=0.07,
              frailty=0.4, burden=0.4, after=("diabetes", 1.6), drugs=("aspirin", "metoprolol"),
              moves={"pulse": -0.3}),
    Condition(name="heart_failure", code="ICD10CM//I50.22", words="Chronic systolic heart failure", hazard=0.0016,
              growth=0.09, frailty=0.5, burden=0.9, after=("coronary", 2.5), drugs=("furosemide", "metoprolol"),
              moves={"systolic": -0.5, "sodium": -0.5, "urea": 0.8, "breathing": 0.4}),
    Condition(name="fibrillation", code="ICD10CM//I48.91", words="Atrial fibrillation", hazard=0.0025, growth=0.085,
              frailty=0.3, burden=0.3, after=("heart_failure", 2.0), drugs=("apixaban",), moves={"pulse": 0.5}),
    Condition(name="kidney", code="ICD10CM//N18.30", words="Chronic kidney disease, stage 3", hazard=0.0025,
              growth=0.08, frailty=0.4, burden=0.6, after=("diabetes", 2.0),
              moves={"creatinine": 2.2, "urea": 1.6, "haemoglobin": -0.8, "potassium": 0.5, "bicarbonate": -0.6}),
    Condition(name="obstructive", code="ICD10CM//J44.9", words="Chronic obstructive pulmonary disease", hazard=0.004,
              growth=0.05, frailty=0.5, burden=0.7, drugs=("tiotropium", "albuterol"),
              moves={"saturation": -1.2, "breathing": 0.6, "carbon_dioxide": 0.8}),
    Condition(name="asthma", code="ICD10CM//J45.909", words="Asthma", hazard=0.002, growth=-0.015, frailty=0.1,
              burden=0.1, drugs=("albuterol",)),
    Condition(name="depression", code="ICD10CM//F32.9", words="Depression", hazard=0.005, growth=-0.005, frailty=0.3,
              burden=0.2, drugs=("sertraline",)),
    Condition(name="arthrosis", code="ICD10CM//M17.9", words="Arthrosis of the knee", hazard=0.009, growth=0.05,
              frailty=0.1, burden=0.0, after=("obesity", 1.4), drugs=("acetaminophen",)),
    Condition(name="reflux", code="ICD10CM//K21.9", words="Gastro-oesophageal reflux", hazard=0.008, growth=0.02,
              frailty=0.1, burden=0.0, drugs=("omeprazole",)),
    Condition(name="thyroid", code="ICD10CM//E03.9", words="Hypothyroidism", hazard=0.004, growth=0.02, frailty=0.0,
              burden=0.0, drugs=("levothyroxine",)),
    Condition(name="cancer", code="ICD10CM//C34.90", words="Cancer of the lung", hazard=0.0008, growth=0.06,
              frailty=0.3, burden=1.9, after=("obstructive", 2.5),
              moves={"haemoglobin": -1.0, "albumin": -1.0, "platelets": 0.6, "weight": -0.8, "reactive_protein": 0.8}),
    Condition(name="dementia", code="ICD10CM//F03.90", words="Dementia", hazard=0.0018, growth=0.12, frailty=0.3,
              burden=0.8, moves={"coma_scale": -0.8, "weight": -0.4}),
)  # fmt: skip
"""A condition stands after those that hasten it."""

ILLNESSES: Final = (
    Illness(name="pneumonia", code="ICD10CM//J18.9", words="Pneumonia", share=1.3, severity=0.3, days=5,
            intensive=-2.2, more={"obstructive": 2.0, "dementia": 2.0}, drugs=("ceftriaxone", "azithromycin"),
            moves={"temperature": 1.2, "leucocytes": 0.8, "reactive_protein": 1.2, "saturation": -0.8}),
    Illness(name="sepsis", code="ICD10CM//A41.9", words="Sepsis", share=0.7, severity=0.8, days=7, intensive=-0.6,
            more={"diabetes": 1.6, "kidney": 1.6, "cancer": 2.0}, drugs=("piperacillin", "vancomycin", "crystalloid"),
            procedures=("dialysis",),
            moves={"temperature": 1.4, "lactate": 0.9, "systolic": -0.6, "reactive_protein": 1.4, "platelets": -0.6}),
    Illness(name="decompensation", code="ICD10CM//I50.23", words="Acute on chronic heart failure", share=0.25,
            severity=0.2, days=5, intensive=-2.0, more={"heart_failure": 18.0}, drugs=("furosemide",),
            moves={"saturation": -0.7, "breathing": 0.7, "urea": 0.5}),
    Illness(name="exacerbation", code="ICD10CM//J44.1", words="Exacerbation of obstructive pulmonary disease",
            share=0.1, severity=0.1, days=4, intensive=-2.0, more={"obstructive": 25.0},
            drugs=("prednisone", "albuterol"),
            moves={"carbon_dioxide": 1.2, "ph": -0.8, "saturation": -0.9, "glucose": 0.5}),
    Illness(name="infarction", code="ICD10CM//I21.4", words="Myocardial infarction without ST elevation", share=0.6,
            severity=0.1, days=3.5, intensive=-0.8, more={"coronary": 3.0, "diabetes": 1.5},
            drugs=("heparin", "aspirin", "clopidogrel"), procedures=("stent",), moves={"pulse": 0.4}),
    Illness(name="stroke", code="ICD10CM//I63.9", words="Cerebral infarction", share=0.5, severity=0.3, days=6,
            intensive=-1.5, more={"fibrillation": 2.5, "hypertension": 1.5}, drugs=("aspirin", "atorvastatin"),
            moves={"coma_scale": -1.5, "systolic": 0.9}),
    Illness(name="kidney_injury", code="ICD10CM//N17.9", words="Acute kidney failure", share=0.5, severity=0.3, days=5,
            intensive=-2.2, more={"kidney": 4.0, "heart_failure": 1.6}, drugs=("crystalloid",),
            procedures=("dialysis",), moves={"creatinine": 2.2, "urea": 1.8, "potassium": 0.9, "bicarbonate": -0.7}),
    Illness(name="bleeding", code="ICD10CM//K92.2", words="Gastrointestinal bleeding", share=0.6, severity=0.1, days=4,
            intensive=-1.6, more={"fibrillation": 1.8}, drugs=("omeprazole",), procedures=("transfusion",),
            moves={"haemoglobin": -1.8, "urea": 0.9, "pulse": 0.4}),
    Illness(name="hip", code="ICD10CM//S72.001A", words="Fracture of the neck of the femur", share=0.35, severity=0.2,
            days=6, intensive=-2.6, more={"dementia": 4.0}, drugs=("heparin", "morphine"), procedures=("transfusion",),
            moves={"haemoglobin": -0.9}),
    Illness(name="replacement", code="ICD10CM//M17.11", words="Arthrosis of the right knee, for replacement", share=0.5,
            severity=-1.2, days=3, intensive=-4.0, more={"arthrosis": 6.0}, drugs=("heparin", "morphine"),
            procedures=("replacement",), moves={"haemoglobin": -0.6}),
    Illness(name="skin", code="ICD10CM//L03.115", words="Cellulitis of the right leg", share=0.8, severity=-0.6,
            days=3.5, intensive=-4.0, more={"diabetes": 2.0, "obesity": 1.8}, drugs=("ceftriaxone",),
            moves={"temperature": 0.7, "reactive_protein": 0.8}),
    Illness(name="abdomen", code="ICD10CM//K80.00", words="Gallstones with acute cholecystitis", share=0.8,
            severity=-0.6, days=3, intensive=-3.5, more={"obesity": 1.6}, drugs=("piperacillin", "ondansetron"),
            procedures=("gallbladder",), moves={"bilirubin": 1.4, "aminotransferase": 1.2, "leucocytes": 0.7}),
)  # fmt: skip

DRUGS: Final = {
    "lisinopril": ("RXNORM//29046", "lisinopril"),
    "amlodipine": ("RXNORM//17767", "amlodipine"),
    "atorvastatin": ("RXNORM//83367", "atorvastatin"),
    "metformin": ("RXNORM//6809", "metformin"),
    "glargine": ("RXNORM//274783", "insulin glargine"),
    "aspirin": ("RXNORM//1191", "aspirin"),
    "metoprolol": ("RXNORM//6918", "metoprolol"),
    "furosemide": ("RXNORM//4603", "furosemide"),
    "apixaban": ("RXNORM//1364430", "apixaban"),
    "tiotropium": ("ATC//R03BB04", "tiotropium bromide"),
    "albuterol": ("RXNORM//435", "albuterol"),
    "sertraline": ("RXNORM//36437", "sertraline"),
    "acetaminophen": ("RXNORM//161", "acetaminophen"),
    "omeprazole": ("RXNORM//7646", "omeprazole"),
    "levothyroxine": ("RXNORM//10582", "levothyroxine"),
    "ceftriaxone": ("RXNORM//2193", "ceftriaxone"),
    "azithromycin": ("RXNORM//18631", "azithromycin"),
    "piperacillin": ("RXNORM//8339", "piperacillin"),
    "vancomycin": ("RXNORM//11124", "vancomycin"),
    "crystalloid": ("ATC//B05BB01", "electrolyte solution"),
    "prednisone": ("RXNORM//8640", "prednisone"),
    "heparin": ("RXNORM//5224", "heparin"),
    "clopidogrel": ("RXNORM//32968", "clopidogrel"),
    "morphine": ("RXNORM//7052", "morphine"),
    "ondansetron": ("RXNORM//26225", "ondansetron"),
    "norepinephrine": ("RXNORM//7512", "norepinephrine"),
    "propofol": ("RXNORM//8782", "propofol"),
}
INTENSIVE_DRUGS: Final = ("norepinephrine", "propofol")

PROCEDURES: Final = {
    "ecg": ("CPT//93000", "electrocardiogram"),
    "chest": ("CPT//71046", "chest radiograph"),
    "echo": ("CPT//93306", "echocardiography"),
    "vaccination": ("CVX//140", "influenza vaccine"),
    "ventilation": ("ICD10PCS//5A1945Z", "mechanical ventilation, 24 to 96 hours"),
    "dialysis": ("ICD10PCS//5A1D70Z", "intermittent haemodialysis"),
    "transfusion": ("ICD10PCS//30233N1", "transfusion of red cells"),
    "stent": ("ICD10PCS//027034Z", "coronary stent"),
    "replacement": ("ICD10PCS//0SRC0J9", "replacement of the right knee"),
    "gallbladder": ("ICD10PCS//0FT44ZZ", "removal of the gallbladder"),
}
CLINIC_PROCEDURES: Final = (("ecg", 0.08), ("chest", 0.04), ("echo", 0.02), ("vaccination", 0.1))

COMPLAINTS: Final = (
    ("ICD10CM//R07.9", "Chest pain"),
    ("ICD10CM//R10.9", "Abdominal pain"),
    ("ICD10CM//R51.9", "Headache"),
    ("ICD10CM//S93.401A", "Sprained ankle"),
)
"""Why people come to the emergency room and go home."""

ANCESTRIES: Final = (("EUROPEAN", 0.66), ("AFRICAN", 0.14), ("ASIAN", 0.09), ("MIXED", 0.05), ("UNKNOWN", 0.06))
SMOKING: Final = ("Never smoked", "Former smoker", "Current smoker")
SMOKING_CODE: Final = "LOINC//72166-2"


def descriptions() -> dict[str, str]:
    """Words of all codes that have some, by code."""
    named = (*MEASUREMENTS, *CONDITIONS, *ILLNESSES)
    pairs = (*DRUGS.values(), *PROCEDURES.values(), *COMPLAINTS, (SMOKING_CODE, "Tobacco smoking status"))
    return {one.code: one.words for one in named} | dict(pairs)
