import type { GuestReport } from "../guest/watch/guest-report.ts";
import type { WorkerGuests } from "./admin/guests.ts";
import type { Server } from "./server.ts";

/** A worker that has not told by then stands still in some guest. */
const deadlineMs = 1000;

/** What all workers tell of their guests. */
export async function workerGuests(server: Pick<Server, "ask">): Promise<WorkerGuests[]> {
  const answers = await server.ask(() => ({ command: { kind: "report_guests" } }), deadlineMs);
  return answers.map(({ worker, answer }) =>
    answer.ok
      ? { worker, report: answer.value as GuestReport, problem: "" }
      : { worker, report: undefined, problem: answer.error },
  );
}
