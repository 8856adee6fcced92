import type { Json, JsonObject } from '../model/json.js';
import type { RunEventType } from '../model/run-event.js';
import type { ArtifactRef, NewArtifact } from '../ports/artifacts.js';
import type { LogLevel, NodeCall, RunInfo } from '../ports/node-type.js';

/** A step attempt that is being executed in this process. */
export interface Flight {
  readonly path: string;
  readonly attempt: number;
  readonly openedAt: number;
  readonly nodeId: string;
  readonly nodeType: string;
  /** Whether the attempt has a `step.started` row of its own. */
  announced: boolean;
  /** Whether an earlier execution of the attempt began and was not seen to end. */
  readonly interrupted: boolean;
  readonly recorded: JsonObject | undefined;
  readonly secrets: readonly string[];
  readonly redact: ((text: string) => string) | undefined;
  /** Ends this step alone. */
  readonly scope: AbortSignal | undefined;
  /** Ends the attempt whatever its work does: timeout, or cancelled work that does not stop in time. */
  reject: (error: Error) => void;
}

/** What a `NodeCall` needs of the execution it belongs to. */
export interface CallHost {
  readonly run: RunInfo;
  idempotencyKey(path: string): string;
  emit(flight: Flight, type: RunEventType, data: JsonObject): void;
  artifact(flight: Flight, file: NewArtifact, signal: AbortSignal): Promise<ArtifactRef>;
}

/** The call object of an ordinary step. */
export class StepCall implements NodeCall {
  constructor(
    protected readonly host: CallHost,
    protected readonly flight: Flight,
    readonly config: JsonObject,
    readonly inputs: JsonObject,
    readonly signal: AbortSignal,
  ) {}

  get run(): RunInfo {
    return this.host.run;
  }

  get secrets(): readonly string[] {
    return this.flight.secrets;
  }

  get path(): string {
    return this.flight.path;
  }

  get attempt(): number {
    return this.flight.attempt;
  }

  get interrupted(): boolean {
    return this.flight.interrupted;
  }

  get idempotencyKey(): string {
    return this.host.idempotencyKey(this.flight.path);
  }

  // Bound, so that node types may take them out of the call.
  readonly log = (level: LogLevel, message: string, fields?: JsonObject): void => {
    this.emit('step.output', { stream: 'log', level, message, ...(fields === undefined ? {} : { fields }) });
  };

  readonly emit = (type: RunEventType, data: JsonObject): void => {
    this.host.emit(this.flight, type, data);
  };

  readonly artifact = (file: NewArtifact): Promise<ArtifactRef> => this.host.artifact(this.flight, file, this.signal);
}

export type StepWork<Call extends NodeCall> = (call: Call) => Promise<Json>;
