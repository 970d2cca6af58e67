/** Who uses something that is let go once it is retired and its last user has left. */
export class UserSet<User> extends Set<User> {
  readonly #letGo: () => void;
  #retired = false;

  constructor(letGo: () => void) {
    super();
    this.#letGo = letGo;
  }

  leave(user: User): void {
    this.delete(user);
    if (this.#retired && this.size === 0) this.#letGo();
  }

  /** No more users come. */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    if (this.size === 0) this.#letGo();
  }
}
