import type { Json, JsonObject } from '../model/json.js';
import type { RunEventType } from '../model/run-event.js';
import type { ArtifactRef, NewArtifact } from '../ports/artifacts.js';
import type { LogLevel, NodeCall, RunInfo } from '../ports/node-type.js';
import type { Flight } from './flight.js';

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
