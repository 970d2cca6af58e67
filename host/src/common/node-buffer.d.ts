// Methods that Node's Buffer has and @types/node leaves out: the fastest way between bytes and strings of one
// character per byte.
interface Buffer {
  latin1Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number, length?: number): number;
}
