"""Objectives and key results: from a reviewed file and measured values to a status that explains itself.

    load ─▶ Plan ─▶ check ─▶ resolve ─▶ Goal ─▶ assess ─▶ CheckIn ─▶ assess_objective ─▶ ObjectiveReading
                    (against the metrics)       (every day)

Pure: no database, no network, no clock. Decimal throughout.
"""
