"""What a judge found: how many rules hold, and the name of each that does not."""


class Tally:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, rule: str, holds: bool) -> None:
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {rule}")

    def refused(self, rule: str, act) -> None:
        try:
            act()
        except Exception:  # noqa: BLE001 - each library refuses in its own way
            self.check(rule, True)
        else:
            self.check(rule, False)
