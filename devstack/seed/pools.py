"""Pools of texts for the rows, awkward ones included."""

STATUSES = ("CREATED", "PICKED_UP", "IN_TRANSIT", "ARRIVED_AT_HUB", "OUT_FOR_DELIVERY")
FINAL_STATUSES = (*("DELIVERED",) * 17, "RETURNED", "RETURNED", "LOST")
CLAIM_STATUSES = ("OPEN", "UNDER_REVIEW", "APPROVED", "REJECTED", "PAID")
CURRENCIES = ("CNY", "CNY", "CNY", "CNY", "USD", "EUR", "THB", "MYR", "VND")
PARTNERS = 200

# Known to break pipelines: separators and quotes of CSV dialects, escapes, words mistaken for NULL or
# not-a-number, leading and trailing blanks, scripts of 2 to 4 bytes per character.
AWKWARD: tuple[str | None, ...] = (
    None,
    "",
    " ",
    "a|b||c",
    "|",
    'say "quoted"',
    '"',
    '""',
    "it's",
    "back\\slash",
    "ends with a backslash\\",
    "\\N",
    "\\n",
    "NULL",
    "null",
    "nan",
    "NaN",
    "None",
    "line one\nline two",
    "carriage\r\nreturn",
    "tab\tinside",
    "comma, semicolon; and 'both \"quotes\"'",
    " leading and trailing ",
    "快递员已签收，收件人：王小明",
    "已送达📦🚚👍🏽",
    "Zoë – naïve café",
    "พัสดุถูกจัดส่งแล้ว",
    "e\u0301 is two code points, \u00e9 is one",
)

CITIES = (
    *("上海", "北京", "深圳", "杭州", "成都", "Bangkok", "Kuala Lumpur", "Hồ Chí Minh", "Madrid"),
    *("Düsseldorf", "São Paulo", "Łódź", "Singapore", "New York", "L'Aquila", "Saint-Étienne"),
)

_FAMILY_NAMES = ("王", "李", "张", "陈", "Nguyễn ", "Smith, ", "García ", "O'Brien, ", "Müller ")
_GIVEN_NAMES = ("小明", "Anna", "Jörg", "丽华", "María José", "Somchai", "Linh", "伟", "Zoë")
NAMES = tuple(family + given for family in _FAMILY_NAMES for given in _GIVEN_NAMES)

_PARTNER_KINDS = ("Express", "Cargo", "快运", "Last Mile")
PARTNER_NAMES = tuple(
    f"{CITIES[number % len(CITIES)]} {_PARTNER_KINDS[number % 4]} Logistics {number + 1:03d}"
    for number in range(PARTNERS)
)

_PLACES = ("the lobby", "门卫室", "a neighbour", "parcel locker 14", "the back door", "代收点")
_NOTES = (
    "Driver reports: recipient was not at home; left with {place}. Second attempt is planned.",
    "Parcel scanned at {place}, weight checked against the declared one; the difference is billed.",
    "快件已由{place}签收，感谢使用，期待再次为您服务。如有疑问请联系客服。",
    "Customs documents complete; released by {place}. Duties are settled with the monthly invoice.",
    "Handed over at {place}. Outer packaging slightly damaged, contents checked and complete.",
)
NOTES = tuple(note.format(place=place) for note in _NOTES for place in _PLACES)
REMARKS = tuple(f"{first} {second}" for first in NOTES for second in NOTES)
