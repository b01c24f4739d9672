-- Whoever is erased is found by the number, and not by looking at all calls there ever were.
CREATE INDEX calls_by_caller ON calls (from_number);
CREATE INDEX calls_by_called ON calls (to_number);
