/** One header. */
export class Header {
  constructor(
    public name: string,
    public value: string,
  ) {}
}
