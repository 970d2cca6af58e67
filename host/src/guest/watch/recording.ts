/** Which streams are recorded, and how much of each. */
export interface RecordingRequest {
  /** Only those in which the VM is lost. */
  readonly onTrap: boolean;
  /** Of so many streams one. */
  readonly oneIn: number;
  /** Characters of one recording; what comes later is left out. */
  readonly maxChars: number;
}

/** Bytes, one character each. */
export type RecordedText = string;
export type RecordedPairs = readonly (readonly [name: RecordedText, value: RecordedText])[];
/** A parameter, or what was given for one. Numbers of 64 bits are texts. */
export type RecordedValue = number | RecordedText | RecordedPairs;

/** A host call of a module. */
export interface RecordedHostCall {
  readonly name: string;
  /** What it was given, without the pointers to results. */
  readonly inputs: readonly RecordedValue[];
  /** What it gave; only of a call that succeeded. */
  readonly outputs: readonly RecordedValue[];
  /** `proxy_status_t`, or what the call returns. */
  readonly status: number;
}

/** What a callback was called about, as the module found it. */
export interface RecordedMessage {
  readonly headers?: RecordedPairs;
  readonly body?: RecordedText;
}

/** A callback with the host calls that it made. */
export interface RecordedCallback {
  readonly name: string;
  readonly args: readonly number[];
  readonly message?: RecordedMessage;
  readonly calls: readonly RecordedHostCall[];
  readonly result: number;
  /** Why the VM was lost in it. */
  readonly failure?: string;
}

/** The plugin that was recorded: what it takes to start it again. */
export interface RecordedPlugin {
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  /** SHA-256 of the module, in hexadecimal. */
  readonly sha256: string;
  /** Where the configuration has it; undefined: in no file. */
  readonly file: string | undefined;
  readonly configuration: RecordedText;
  readonly vmConfiguration: RecordedText;
  readonly environment: RecordedPairs;
  readonly allowedCapabilities: readonly string[] | undefined;
}

/** One stream of a plugin, from its beginning to its end. */
export interface Recording {
  /** Version of this form. */
  readonly sluiceRecording: 1;
  readonly plugin: RecordedPlugin;
  /** The root context's number. */
  readonly rootContext: number;
  readonly context: number;
  /** ISO 8601. */
  readonly begun: string;
  readonly callbacks: readonly RecordedCallback[];
  /** It was larger than allowed: the callbacks behind these are missing. */
  readonly cut: boolean;
  /** Values of these headers, and what else has them in it, are replaced. */
  readonly redacted: readonly string[];
}
