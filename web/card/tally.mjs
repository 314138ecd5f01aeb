/** Counts, tells the first few failures, and prints the sum as `./dev test` reads it. */
export class Tally {
  #passed = 0;
  #failed = 0;

  check(holds, what) {
    if (holds) this.#passed += 1;
    else if ((this.#failed += 1) <= 10) console.log(`not so: ${what}`);
  }

  end() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed === 0 ? 0 : 1;
  }
}
