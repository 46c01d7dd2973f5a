"""The compiled core (C++). Arrays in, arrays out: no names, no defaults, no choices.

Only :mod:`faltung.algorithms`, :mod:`faltung.functions` and :mod:`faltung.settings` import it.
"""
