"""Which currencies a person may mean by what stands beside a number: ₹, US$, 55 INR, Rs. 500.

A sign often names several: $ is two dozen dollars and pesos. It disagrees with a code only when it can never mean it.
"""

from __future__ import annotations

import re

# ISO 4217 without ALL and TOP, which are English words far more often than leks and paʻangas.
_LISTED = """
    AED AFN AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
    MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
    RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TRY TTD TWD TZS UAH UGX USD UYU
    UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """
CODES = frozenset(_LISTED.split())

_DOLLARS = """
    USD ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP CVE DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD
    UYU XCD
    """
_SIGNS = {
    "US$": "USD", "AU$": "AUD", "A$": "AUD", "CA$": "CAD", "C$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD",
    "NT$": "TWD", "MX$": "MXN", "R$": "BRL", "$": _DOLLARS, "₹": "INR", "€": "EUR", "£": "GBP EGP FKP GIP SHP SSP LBP",
    "¥": "JPY CNY", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₫": "VND", "₴": "UAH", "₦": "NGN", "₱": "PHP", "฿": "THB",
    "₪": "ILS", "₡": "CRC", "₸": "KZT", "₾": "GEL", "₵": "GHS", "zł": "PLN", "kr": "SEK NOK DKK ISK",
    "Rs.": "INR PKR LKR NPR MUR SCR", "Rs": "INR PKR LKR NPR MUR SCR",
}  # fmt: skip

_LONGEST_FIRST = sorted(_SIGNS, key=len, reverse=True)
SIGN = "|".join(rf"\b{re.escape(s)}(?!\w)" if s in ("zł", "kr") else re.escape(s) for s in _LONGEST_FIRST)
"""A pattern of every sign; the codes are known by `CODES`."""

_ALONE = re.compile(rf"(?<![A-Za-z])(?:{SIGN})")


def meant_by(written: str) -> frozenset[str]:
    """The codes a sign or a code may stand for; empty for anything else."""
    if written in CODES:
        return frozenset({written})
    return frozenset(_SIGNS.get(written, "").split())


def signs_in(text: str) -> tuple[str, ...]:
    """The currency signs anywhere in a text, with or without a number beside them."""
    return tuple(found for found in _ALONE.findall(text) if found not in ("Rs", "kr"))
