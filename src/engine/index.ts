export { CRASH_POINTS, onCrashPoint, type CrashPoint } from './crash-points.js';
export { findBrokenLink } from './journal/hash-chain.js';
export { expandEntry, type JournalEntry } from './journal/journal-entry.js';
export { type LargeOutputs, outputRefOf } from './journal/large-outputs.js';
export { RunHistory, type StepRecord, type WaitRecord } from './journal/run-history.js';
export type { LaunchContext, Program, ProgramResult, RunContext } from './kernel/run-context.js';
export {
  DEFAULT_ENGINE_OPTIONS,
  ownerName,
  type CancelReceipt,
  type EngineDependencies,
  type EngineHints,
  type EngineOptions,
  type RunInspection,
} from './kernel/engine-options.js';
export { RunEngine } from './kernel/run-engine.js';
export { RunStoppedError } from './kernel/run-stopped.js';
export { ConcurrencyRejectedError, type SubmitRun, type SubmittedRun } from './kernel/submission.js';
export type {
  ConcurrencySettings,
  GraphDefinition,
  Join,
  NodeDefinition,
  NodeOnError,
  RetryPolicy,
  WorkflowDefinition,
  WorkflowSettings,
} from './model/definition.js';
export { isJsonObject, type Json, type JsonObject } from './model/json.js';
export { runRate, type RateSettings } from './model/rate.js';
export { RUN_EVENT_TYPES, TERMINAL_EVENT_TYPES, type RunEvent, type RunEventType } from './model/run-event.js';
export {
  isTerminal,
  RUN_STATUSES,
  STEP_STATUSES,
  TERMINAL_RUN_STATUSES,
  type RunStatus,
  type StepStatus,
  type TerminalRunStatus,
} from './model/statuses.js';
export { serializeError, StepError, type SerializedError, type StepErrorOptions } from './model/step-error.js';
export type { ArtifactRef, Artifacts, NewArtifact, OutputRef, StoreArtifact, StoreOutput } from './ports/artifacts.js';
export { systemClock, type Clock } from './ports/clock.js';
export type { Definitions, StoredDefinition } from './ports/definitions.js';
export { silentLogger, type EngineLogger } from './ports/logger.js';
export type {
  ChildRunRequest,
  ChildRunResult,
  DurableCall,
  DurableNodeType,
  LogLevel,
  NodeCall,
  NodeType,
  NodeTypes,
  NodeTypeSpec,
  RunInfo,
  StepNodeType,
} from './ports/node-type.js';
export {
  PRIORITY_POINT_MS,
  StoreUnavailableError,
  type AppendResult,
  type Arrivals,
  type CancelRequestOutcome,
  type ChildState,
  type ClaimedRun,
  type CreateOutcome,
  type HeartbeatResult,
  type JournalWrite,
  type LeaseRef,
  type LeaseTransition,
  type NewRun,
  type PauseRequest,
  type RunStore,
  type SweepResult,
} from './ports/run-store.js';
