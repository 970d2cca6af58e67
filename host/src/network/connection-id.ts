let next = 0;

/** A number that no other connection of this thread has had. */
export function nextConnectionId(): number {
  const id = next;
  next += 1;
  return id;
}

/** Sets where this thread's numbers begin; workers count in ranges of their own. */
export function startConnectionIdsAt(first: number): void {
  next = first;
}
