/** Where the listeners of a proxy are bound, by name: for those that are configured with port 0. */
export async function listenerPorts(adminPort: number): Promise<ReadonlyMap<string, number>> {
  const url = `http://127.0.0.1:${adminPort}/listeners?format=json`;
  const { listener_statuses: statuses } = (await (await fetch(url)).json()) as ListenersAnswer;
  return new Map(
    statuses.map(({ name, local_address: { socket_address } }) => [
      name,
      socket_address.port_value,
    ]),
  );
}

interface ListenersAnswer {
  readonly listener_statuses: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}
