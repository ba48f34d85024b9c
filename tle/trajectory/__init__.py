"""Orbits that are given as points: CCSDS OEM, ILRS CPF, and SGP4 made into one."""
