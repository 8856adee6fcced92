-- The schema that all migrations together make. Written by `npm run schema`; not meant to be run.

CREATE TABLE agent_budget_holds (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  run_id uuid NOT NULL,
  step text NOT NULL,
  scopes json NOT NULL,
  tokens bigint NOT NULL,
  nanodollars bigint NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  wall_ms bigint DEFAULT 0 NOT NULL,
  CONSTRAINT agent_budget_holds_pkey PRIMARY KEY (id)
);
CREATE INDEX agent_budget_holds_run_id_step_idx ON agent_budget_holds USING btree (run_id, step);
COMMENT ON TABLE agent_budget_holds IS 'room that calls under way may use; what nobody settles counts as spent';

CREATE TABLE agent_budgets (
  tenant_id text NOT NULL,
  scope text NOT NULL,
  subject text NOT NULL,
  day date NOT NULL,
  tokens_spent bigint DEFAULT 0 NOT NULL,
  tokens_held bigint DEFAULT 0 NOT NULL,
  nanodollars_spent bigint DEFAULT 0 NOT NULL,
  nanodollars_held bigint DEFAULT 0 NOT NULL,
  tool_calls bigint DEFAULT 0 NOT NULL,
  wall_ms_spent bigint DEFAULT 0 NOT NULL,
  wall_ms_held bigint DEFAULT 0 NOT NULL,
  CONSTRAINT agent_budgets_pkey PRIMARY KEY (tenant_id, scope, subject, day),
  CONSTRAINT agent_budgets_scope_check CHECK (scope = ANY (ARRAY['session'::text, 'agent'::text, 'key'::text, 'tenant'::text]))
) WITH (fillfactor=70);
COMMENT ON TABLE agent_budgets IS 'what was spent in a UTC day, or in all (day -infinity), and what is held for calls under way';

CREATE TABLE api_keys (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  name text NOT NULL,
  role text NOT NULL,
  scopes text[],
  prefix text NOT NULL,
  key_hash bytea NOT NULL,
  rate_limit integer,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  expires_at timestamp(3) with time zone,
  revoked_at timestamp(3) with time zone,
  last_used_at timestamp(3) with time zone,
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
  CONSTRAINT api_keys_rate_limit_check CHECK (rate_limit > 0),
  CONSTRAINT api_keys_role_check CHECK (role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text]))
);
CREATE INDEX api_keys_tenant_id_id_idx ON api_keys USING btree (tenant_id, id);

CREATE TABLE approvals (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  run_id uuid NOT NULL,
  step text NOT NULL,
  attempt smallint NOT NULL,
  status text DEFAULT 'pending'::text NOT NULL,
  content json NOT NULL,
  content_hash bytea NOT NULL,
  reviewers text[] DEFAULT '{}'::text[] NOT NULL,
  quorum smallint DEFAULT 1 NOT NULL,
  default_decision text,
  votes json DEFAULT '[]'::json NOT NULL,
  edits json DEFAULT '{}'::json NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  expires_at timestamp(3) with time zone,
  decided_at timestamp(3) with time zone,
  CONSTRAINT approvals_pkey PRIMARY KEY (id),
  CONSTRAINT approvals_run_id_step_attempt_key UNIQUE (run_id, step, attempt),
  CONSTRAINT approvals_decided_at_check CHECK ((status = 'pending'::text) = (decided_at IS NULL)),
  CONSTRAINT approvals_default_decision_check CHECK (default_decision = ANY (ARRAY['approved'::text, 'rejected'::text])),
  CONSTRAINT approvals_quorum_check CHECK (quorum > 0),
  CONSTRAINT approvals_status_check CHECK (status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'expired'::text, 'cancelled'::text]))
);
CREATE INDEX approvals_pending_idx ON approvals USING btree (tenant_id, id) WHERE (status = 'pending'::text);
CREATE INDEX approvals_tenant_id_id_idx ON approvals USING btree (tenant_id, id);
COMMENT ON COLUMN approvals.content IS 'what reviewers are shown; content_hash is of it and of the edits made so far';

CREATE TABLE artifact_chunks (
  content_id uuid NOT NULL,
  tenant_id text NOT NULL,
  position bigint NOT NULL,
  data bytea NOT NULL,
  CONSTRAINT artifact_chunks_pkey PRIMARY KEY (content_id, "position"),
  CONSTRAINT artifact_chunks_content_id_fkey FOREIGN KEY (content_id) REFERENCES artifact_contents(id)
);
COMMENT ON COLUMN artifact_chunks.position IS 'of the first byte in the content';

CREATE TABLE artifact_contents (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  storage text NOT NULL,
  state text DEFAULT 'writing'::text NOT NULL,
  touched_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT artifact_contents_pkey PRIMARY KEY (id),
  CONSTRAINT artifact_contents_state_check CHECK (state = ANY (ARRAY['writing'::text, 'stored'::text, 'garbage'::text])),
  CONSTRAINT artifact_contents_storage_check CHECK (storage = ANY (ARRAY['postgres'::text, 'directory'::text, 's3'::text]))
);
CREATE INDEX artifact_contents_touched_at_idx ON artifact_contents USING btree (touched_at) WHERE (state <> 'stored'::text);
COMMENT ON TABLE artifact_contents IS 'written before the storage is, so that nothing in there is without a row';
COMMENT ON COLUMN artifact_contents.touched_at IS 'last sign of life of its writer, or when it became garbage';

CREATE TABLE artifacts (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  run_id uuid NOT NULL,
  kind text NOT NULL,
  step text NOT NULL,
  name text NOT NULL,
  media_type text NOT NULL,
  size bigint NOT NULL,
  sha256 bytea NOT NULL,
  content_id uuid NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT artifacts_pkey PRIMARY KEY (id),
  CONSTRAINT artifacts_run_id_kind_step_name_key UNIQUE (run_id, kind, step, name),
  CONSTRAINT artifacts_kind_check CHECK (kind = ANY (ARRAY['file'::text, 'output'::text])),
  CONSTRAINT artifacts_content_id_fkey FOREIGN KEY (content_id) REFERENCES artifact_contents(id)
);
CREATE INDEX artifacts_created_at_idx ON artifacts USING btree (created_at) WHERE (kind = 'file'::text);
CREATE INDEX artifacts_tenant_id_id_idx ON artifacts USING btree (tenant_id, id) WHERE (kind = 'file'::text);
COMMENT ON COLUMN artifacts.step IS 'empty for the outputs of the run';

CREATE TABLE feed_cursors (
  consumer text NOT NULL,
  tenant_id text NOT NULL,
  xid bigint NOT NULL,
  run_id uuid NOT NULL,
  seq integer NOT NULL,
  owner text,
  lease_until timestamp(3) with time zone,
  CONSTRAINT feed_cursors_pkey PRIMARY KEY (consumer, tenant_id)
);
COMMENT ON TABLE feed_cursors IS 'up to where a durable reader of a tenant''s events has read; its effects commit with its moves';

CREATE TABLE idempotency_keys (
  tenant_id text NOT NULL,
  scope text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  resource_id uuid NOT NULL,
  locked_until timestamp(3) with time zone NOT NULL,
  response_status smallint,
  response_headers json,
  response_body text,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, scope, key)
);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys USING btree (expires_at);

CREATE TABLE kv_entries (
  tenant_id text NOT NULL,
  namespace text NOT NULL,
  key text NOT NULL,
  value json NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT kv_entries_pkey PRIMARY KEY (tenant_id, namespace, key)
);

CREATE TABLE live_runs (
  run_id uuid NOT NULL,
  tenant_id text NOT NULL,
  version_id uuid NOT NULL,
  state text NOT NULL,
  priority smallint DEFAULT 0 NOT NULL,
  ready_at timestamp(3) with time zone NOT NULL,
  wake_at timestamp(3) with time zone,
  owner text,
  lease_until timestamp(3) with time zone,
  epoch integer DEFAULT 0 NOT NULL,
  wakes integer DEFAULT 0 NOT NULL,
  started_at timestamp(3) with time zone,
  cancel_requested_at timestamp(3) with time zone,
  cancel_reason text,
  concurrency_key text,
  concurrency_limit integer,
  workflow_id uuid,
  rate_every_ms double precision,
  rate_burst integer,
  CONSTRAINT live_runs_pkey PRIMARY KEY (run_id),
  CONSTRAINT live_runs_state_check CHECK (state = ANY (ARRAY['queued'::text, 'spaced'::text, 'paused'::text, 'ready'::text, 'leased'::text, 'waiting'::text]))
) WITH (fillfactor=70, autovacuum_vacuum_scale_factor=0.05, autovacuum_vacuum_cost_delay=1);
CREATE INDEX live_runs_concurrency_key_idx ON live_runs USING btree (tenant_id, concurrency_key) WHERE (concurrency_key IS NOT NULL);
CREATE INDEX live_runs_leased_idx ON live_runs USING btree (run_id) WHERE (state = 'leased'::text);
CREATE INDEX live_runs_paused_idx ON live_runs USING btree (workflow_id, run_id) WHERE (state = 'paused'::text);
CREATE INDEX live_runs_ready_idx ON live_runs USING btree ((((ready_at AT TIME ZONE 'UTC'::text) - ((priority)::double precision * '00:01:00'::interval))), run_id) WHERE (state = 'ready'::text);
CREATE INDEX live_runs_spaced_idx ON live_runs USING btree (workflow_id, (((ready_at AT TIME ZONE 'UTC'::text) - ((priority)::double precision * '00:01:00'::interval))), run_id) WHERE (state = 'spaced'::text);
CREATE INDEX live_runs_wake_at_idx ON live_runs USING btree (wake_at) WHERE (state = 'waiting'::text);
COMMENT ON TABLE live_runs IS 'one narrow row per run that is not over: its lease while one is held, what it waits for otherwise';

CREATE TABLE memory_entries (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  agent text NOT NULL,
  source text NOT NULL,
  text text NOT NULL,
  session text,
  subject text,
  metadata json NOT NULL,
  run_id uuid,
  step text,
  embedding real[] NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  expires_at timestamp(3) with time zone,
  model text DEFAULT ''::text NOT NULL,
  CONSTRAINT memory_entries_pkey PRIMARY KEY (id),
  CONSTRAINT memory_entries_source_check CHECK (source = ANY (ARRAY['fact'::text, 'turn'::text]))
);
CREATE INDEX memory_entries_expires_at_idx ON memory_entries USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX memory_entries_session_idx ON memory_entries USING btree (tenant_id, agent, session) WHERE (session IS NOT NULL);
CREATE INDEX memory_entries_subject_idx ON memory_entries USING btree (tenant_id, agent, subject) WHERE (subject IS NOT NULL);
CREATE INDEX memory_entries_tenant_id_agent_id_idx ON memory_entries USING btree (tenant_id, agent, id);
COMMENT ON TABLE memory_entries IS 'semantic memory: facts, and what was kept of turns';
COMMENT ON COLUMN memory_entries.session IS 'the conversation it is from, whose erasure it goes with';
COMMENT ON COLUMN memory_entries.embedding IS 'a unit vector of the local model';
COMMENT ON COLUMN memory_entries.model IS 'who made the vector, and its length; empty for the model that ships with the server';

CREATE TABLE memory_messages (
  session_id uuid NOT NULL,
  position integer NOT NULL,
  tenant_id text NOT NULL,
  run_id uuid NOT NULL,
  step text NOT NULL,
  role text NOT NULL,
  content text NOT NULL,
  metadata json,
  tokens integer NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT memory_messages_pkey PRIMARY KEY (session_id, "position"),
  CONSTRAINT memory_messages_role_check CHECK (role = ANY (ARRAY['user'::text, 'assistant'::text])),
  CONSTRAINT memory_messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES memory_sessions(id) ON DELETE CASCADE
);
COMMENT ON COLUMN memory_messages.run_id IS 'the turn that said it, with step; the run may be deleted before';

CREATE TABLE memory_sessions (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  agent text NOT NULL,
  session text NOT NULL,
  subject text,
  summary text,
  summarized_to integer DEFAULT 0 NOT NULL,
  messages integer DEFAULT 0 NOT NULL,
  tokens bigint DEFAULT 0 NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  used_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  expires_at timestamp(3) with time zone,
  CONSTRAINT memory_sessions_pkey PRIMARY KEY (id),
  CONSTRAINT memory_sessions_tenant_id_agent_session_key UNIQUE (tenant_id, agent, session)
) WITH (fillfactor=70);
CREATE INDEX memory_sessions_expires_at_idx ON memory_sessions USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX memory_sessions_subject_idx ON memory_sessions USING btree (tenant_id, agent, subject) WHERE (subject IS NOT NULL);
COMMENT ON COLUMN memory_sessions.agent IS 'by name: memory outlives an agent that is deleted, and is erased by request';
COMMENT ON COLUMN memory_sessions.subject IS 'whom it is about, for erasure and for what may be recalled';
COMMENT ON COLUMN memory_sessions.summarized_to IS 'position of the last message that the summary covers';
COMMENT ON COLUMN memory_sessions.messages IS 'how many there are: the position of the last';
COMMENT ON COLUMN memory_sessions.tokens IS 'of all messages, estimated';

CREATE TABLE memory_turns (
  run_id uuid NOT NULL,
  step text NOT NULL,
  tenant_id text NOT NULL,
  agent text NOT NULL,
  session text NOT NULL,
  subject text,
  state text NOT NULL,
  remembered boolean DEFAULT true NOT NULL,
  place bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  asked_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT memory_turns_pkey PRIMARY KEY (run_id, step),
  CONSTRAINT memory_turns_state_check CHECK (state = ANY (ARRAY['waiting'::text, 'begun'::text, 'done'::text]))
) WITH (fillfactor=70);
CREATE INDEX memory_turns_line_idx ON memory_turns USING btree (tenant_id, agent, session, place) WHERE (state <> 'done'::text);
COMMENT ON TABLE memory_turns IS 'the line before each session: one turn has begun, others wait; done ones are kept while their run lives';
COMMENT ON COLUMN memory_turns.session IS 'empty once it is done';
COMMENT ON COLUMN memory_turns.remembered IS 'false: what it has read was erased meanwhile, so it leaves nothing';
COMMENT ON COLUMN memory_turns.place IS 'in the order in which they asked: given under the lock of the session';
COMMENT ON COLUMN memory_turns.asked_at IS 'for the last time';

CREATE TABLE model_circuits (
  tenant_id text NOT NULL,
  target text NOT NULL,
  failures integer DEFAULT 0 NOT NULL,
  open_until timestamp(3) with time zone,
  latency_ms double precision DEFAULT 0 NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT model_circuits_pkey PRIMARY KEY (tenant_id, target)
) WITH (fillfactor=70);
COMMENT ON TABLE model_circuits IS 'which models failed of late, over all nodes; half open once open_until is past';

CREATE TABLE rag_chunks (
  id uuid NOT NULL,
  collection_id uuid NOT NULL,
  document_id text NOT NULL,
  tenant_id text NOT NULL,
  chunk_index integer NOT NULL,
  position integer NOT NULL,
  text text NOT NULL,
  metadata jsonb NOT NULL,
  words tsvector NOT NULL,
  embedding real[] NOT NULL,
  CONSTRAINT rag_chunks_pkey PRIMARY KEY (id),
  CONSTRAINT rag_chunks_collection_id_document_id_chunk_index_key UNIQUE (collection_id, document_id, chunk_index),
  CONSTRAINT rag_chunks_document_fkey FOREIGN KEY (collection_id, document_id) REFERENCES rag_documents(collection_id, id) ON DELETE CASCADE
);
CREATE INDEX rag_chunks_words_idx ON rag_chunks USING gin (words);
COMMENT ON COLUMN rag_chunks.position IS 'of its first character in the document';
COMMENT ON COLUMN rag_chunks.embedding IS 'a unit vector; with pgvector, large collections have an index over it as vector or halfvec';

CREATE TABLE rag_collections (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  name text NOT NULL,
  description text,
  embedding json NOT NULL,
  chunking json NOT NULL,
  language regconfig NOT NULL,
  reranker json,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT rag_collections_pkey PRIMARY KEY (id),
  CONSTRAINT rag_collections_tenant_id_name_key UNIQUE (tenant_id, name)
);

CREATE TABLE rag_documents (
  collection_id uuid NOT NULL,
  id text NOT NULL,
  tenant_id text NOT NULL,
  revision uuid NOT NULL,
  content_hash bytea NOT NULL,
  text text NOT NULL,
  characters integer NOT NULL,
  metadata jsonb NOT NULL,
  chunking json NOT NULL,
  chunks integer,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT rag_documents_pkey PRIMARY KEY (collection_id, id),
  CONSTRAINT rag_documents_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES rag_collections(id) ON DELETE CASCADE
);
COMMENT ON COLUMN rag_documents.revision IS 'of its content: chunks of an older one are not put in';
COMMENT ON COLUMN rag_documents.chunks IS 'null until the present content can be found';

CREATE TABLE run_events (
  run_id uuid NOT NULL,
  seq integer NOT NULL,
  span smallint NOT NULL,
  tenant_id text NOT NULL,
  xid bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
  type text NOT NULL,
  step text,
  attempt smallint NOT NULL,
  at timestamp(3) with time zone NOT NULL,
  started_at timestamp(3) with time zone,
  data json NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT run_events_pkey PRIMARY KEY (run_id, seq)
) PARTITION BY RANGE (run_id);
CREATE INDEX run_events_tenant_id_xid_idx ON ONLY run_events USING btree (tenant_id, xid);
COMMENT ON TABLE run_events IS 'the journal: append-only, hash-chained per run; a row with span 2 carries two events';

CREATE TABLE run_events_default PARTITION OF run_events DEFAULT;
COMMENT ON TABLE run_events_default IS 'rows that no other partition takes; meant to be empty';

CREATE VIEW run_overview AS
 SELECT r.id,
    r.tenant_id,
    r.kind,
    r.workflow_id,
    r.version_id,
    r.subject_name,
    r.subject_version,
    COALESCE(r.status,
        CASE
            WHEN l.cancel_requested_at IS NOT NULL THEN 'cancelling'::text
            WHEN l.started_at IS NULL THEN 'pending'::text
            WHEN l.state = 'waiting'::text THEN 'waiting'::text
            ELSE 'running'::text
        END) AS status,
    r.priority,
    COALESCE(r.tags, '{}'::text[]) AS tags,
    r.trigger,
    r.parent_run_id,
    r.parent_step,
    r.resumed_from,
    r.depth,
    r.concurrency_key,
    r.run_at,
    r.timeout_ms,
    r.error,
    COALESCE(r.worker, l.owner) AS worker,
    r.created_at,
    COALESCE(r.started_at, l.started_at) AS started_at,
    r.finished_at,
    l.state AS live_state,
    l.wake_at,
    l.lease_until,
    l.epoch,
    l.cancel_requested_at,
    l.cancel_reason
   FROM runs r
     LEFT JOIN live_runs l ON l.run_id = r.id;

CREATE TABLE run_signals (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  run_id uuid NOT NULL,
  tenant_id text NOT NULL,
  name text NOT NULL,
  payload json NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT run_signals_pkey PRIMARY KEY (id)
);
CREATE INDEX run_signals_run_id_id_idx ON run_signals USING btree (run_id, id);

CREATE TABLE runs (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  kind text NOT NULL,
  workflow_id uuid,
  version_id uuid NOT NULL,
  subject_name text NOT NULL,
  subject_version integer NOT NULL,
  status text,
  priority smallint DEFAULT 0 NOT NULL,
  tags text[],
  trigger text NOT NULL,
  parent_run_id uuid,
  parent_step text,
  resumed_from uuid,
  depth smallint DEFAULT 0 NOT NULL,
  concurrency_key text,
  run_at timestamp(3) with time zone,
  timeout_ms bigint,
  error json,
  worker text,
  created_at timestamp(3) with time zone NOT NULL,
  started_at timestamp(3) with time zone,
  finished_at timestamp(3) with time zone,
  CONSTRAINT runs_pkey PRIMARY KEY (id),
  CONSTRAINT runs_kind_check CHECK (kind = ANY (ARRAY['workflow'::text, 'agent'::text])),
  CONSTRAINT runs_status_check CHECK (status = ANY (ARRAY['success'::text, 'failed'::text, 'cancelled'::text]))
);
CREATE UNIQUE INDEX runs_parent_run_id_parent_step_key ON runs USING btree (parent_run_id, parent_step) WHERE (parent_run_id IS NOT NULL);
CREATE INDEX runs_resumed_from_idx ON runs USING btree (resumed_from) WHERE (resumed_from IS NOT NULL);
CREATE INDEX runs_tenant_id_id_idx ON runs USING btree (tenant_id, id);
CREATE INDEX runs_tenant_id_status_id_idx ON runs USING btree (tenant_id, status, id) WHERE (status = ANY (ARRAY['failed'::text, 'cancelled'::text]));
CREATE INDEX runs_tenant_id_workflow_id_id_idx ON runs USING btree (tenant_id, workflow_id, id);
CREATE INDEX runs_workflow_id_status_id_idx ON runs USING btree (workflow_id, status, id) WHERE (status IS NOT NULL);
COMMENT ON COLUMN runs.status IS 'null while the run lives: then live_runs says where it stands';

CREATE TABLE tool_cache (
  tenant_id text NOT NULL,
  key text NOT NULL,
  value json NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT tool_cache_pkey PRIMARY KEY (tenant_id, key)
);
CREATE INDEX tool_cache_expires_at_idx ON tool_cache USING btree (expires_at);

CREATE TABLE tool_servers (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  description text,
  settings json NOT NULL,
  sealed_headers text,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT tool_servers_pkey PRIMARY KEY (id),
  CONSTRAINT tool_servers_tenant_id_name_key UNIQUE (tenant_id, name),
  CONSTRAINT tool_servers_kind_check CHECK (kind = ANY (ARRAY['http'::text, 'stdio'::text, 'openapi'::text]))
);
COMMENT ON TABLE tool_servers IS 'where a tenant has further tools from: MCP servers and OpenAPI documents';
COMMENT ON COLUMN tool_servers.sealed_headers IS 'JSON object, encrypted with HEDDLE_SECRET_KEY where there is one';

CREATE TABLE trigger_fires (
  run_id uuid NOT NULL,
  tenant_id text NOT NULL,
  trigger_id uuid NOT NULL,
  fire_key text NOT NULL,
  chain uuid[] DEFAULT '{}'::uuid[] NOT NULL,
  inputs json NOT NULL,
  status text NOT NULL,
  error json,
  attempts integer DEFAULT 0 NOT NULL,
  next_attempt_at timestamp(3) with time zone NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT trigger_fires_pkey PRIMARY KEY (run_id),
  CONSTRAINT trigger_fires_trigger_id_fire_key_key UNIQUE (trigger_id, fire_key),
  CONSTRAINT trigger_fires_status_check CHECK (status = ANY (ARRAY['pending'::text, 'started'::text, 'over'::text, 'skipped'::text, 'failed'::text])),
  CONSTRAINT trigger_fires_trigger_id_fkey FOREIGN KEY (trigger_id) REFERENCES triggers(id) ON DELETE CASCADE
);
CREATE INDEX trigger_fires_next_attempt_at_idx ON trigger_fires USING btree (next_attempt_at) WHERE (status = 'pending'::text);
CREATE INDEX trigger_fires_open_idx ON trigger_fires USING btree (trigger_id, run_id) WHERE (status = ANY (ARRAY['pending'::text, 'started'::text]));
COMMENT ON TABLE trigger_fires IS 'one firing of a trigger; the id of its run is reserved before the run is submitted';

CREATE TABLE triggers (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  workflow_id uuid NOT NULL,
  kind text NOT NULL,
  name text,
  source text NOT NULL,
  config json NOT NULL,
  inputs json NOT NULL,
  revision integer DEFAULT 1 NOT NULL,
  enabled boolean DEFAULT true NOT NULL,
  token_hash bytea,
  secret text,
  next_fire_at timestamp(3) with time zone,
  since_xid bigint DEFAULT ((pg_snapshot_xmin(pg_current_snapshot()))::text)::bigint NOT NULL,
  last_fired_at timestamp(3) with time zone,
  last_run_id uuid,
  last_error json,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT triggers_pkey PRIMARY KEY (id),
  CONSTRAINT triggers_kind_check CHECK (kind = ANY (ARRAY['cron'::text, 'webhook'::text, 'event'::text])),
  CONSTRAINT triggers_source_check CHECK (source = ANY (ARRAY['definition'::text, 'api'::text])),
  CONSTRAINT triggers_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows(id)
);
CREATE INDEX triggers_event_idx ON triggers USING btree (tenant_id) WHERE (enabled AND (kind = 'event'::text));
CREATE INDEX triggers_next_fire_at_idx ON triggers USING btree (next_fire_at) WHERE (enabled AND (next_fire_at IS NOT NULL));
CREATE INDEX triggers_tenant_id_workflow_id_id_idx ON triggers USING btree (tenant_id, workflow_id, id);
CREATE UNIQUE INDEX triggers_token_hash_key ON triggers USING btree (token_hash) WHERE (token_hash IS NOT NULL);
CREATE INDEX triggers_workflow_id_idx ON triggers USING btree (workflow_id);
CREATE UNIQUE INDEX triggers_workflow_id_name_key ON triggers USING btree (workflow_id, name) WHERE (source = 'definition'::text);
COMMENT ON COLUMN triggers.since_xid IS 'an event trigger hears what this transaction and later ones committed';

CREATE TABLE webhook_deliveries (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  webhook_id uuid NOT NULL,
  message_id text NOT NULL,
  event_type text NOT NULL,
  run_id uuid NOT NULL,
  payload text NOT NULL,
  status text DEFAULT 'pending'::text NOT NULL,
  tries integer DEFAULT 0 NOT NULL,
  attempts json DEFAULT '[]'::json NOT NULL,
  next_attempt_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  delivered_at timestamp(3) with time zone,
  CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_deliveries_webhook_id_message_id_key UNIQUE (webhook_id, message_id),
  CONSTRAINT webhook_deliveries_status_check CHECK (status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text])),
  CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE
) WITH (fillfactor=80);
CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries USING btree (webhook_id, next_attempt_at) WHERE (status = 'pending'::text);
CREATE INDEX webhook_deliveries_webhook_id_id_idx ON webhook_deliveries USING btree (webhook_id, id);
COMMENT ON COLUMN webhook_deliveries.tries IS 'of the present round; a redelivery begins another';

CREATE TABLE webhooks (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  url text NOT NULL,
  description text,
  events text[] NOT NULL,
  workflow text,
  secret text NOT NULL,
  enabled boolean DEFAULT true NOT NULL,
  disabled_reason text,
  failing_since timestamp(3) with time zone,
  since_xid bigint DEFAULT ((pg_snapshot_xmin(pg_current_snapshot()))::text)::bigint NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  format text DEFAULT 'standard'::text NOT NULL,
  topics text[] DEFAULT '{}'::text[] NOT NULL,
  CONSTRAINT webhooks_pkey PRIMARY KEY (id)
);
CREATE INDEX webhooks_tenant_id_id_idx ON webhooks USING btree (tenant_id, id);
COMMENT ON COLUMN webhooks.since_xid IS 'it is told what this transaction and later ones committed';
COMMENT ON COLUMN webhooks.topics IS 'events as the format names them, where it has names of its own';

CREATE TABLE workflow_pauses (
  workflow_id uuid NOT NULL,
  tenant_id text NOT NULL,
  paused_at timestamp(3) with time zone NOT NULL,
  paused_by text NOT NULL,
  reason text,
  resumed_at timestamp(3) with time zone,
  CONSTRAINT workflow_pauses_pkey PRIMARY KEY (workflow_id)
);
COMMENT ON COLUMN workflow_pauses.resumed_at IS 'the pause is over, and what it held back is being let go';

CREATE TABLE workflow_rates (
  workflow_id uuid NOT NULL,
  tenant_id text NOT NULL,
  tat timestamp with time zone DEFAULT now() NOT NULL,
  next_at timestamp with time zone,
  CONSTRAINT workflow_rates_pkey PRIMARY KEY (workflow_id)
) WITH (fillfactor=50);
CREATE INDEX workflow_rates_next_at_idx ON workflow_rates USING btree (next_at) WHERE (next_at IS NOT NULL);
COMMENT ON COLUMN workflow_rates.tat IS 'when the next start would come if all were evenly spaced';
COMMENT ON COLUMN workflow_rates.next_at IS 'when to look for the next start; null while no run waits for one';

CREATE TABLE workflow_retentions (
  workflow_id uuid NOT NULL,
  tenant_id text NOT NULL,
  success_days double precision,
  failed_days double precision,
  cancelled_days double precision,
  CONSTRAINT workflow_retentions_pkey PRIMARY KEY (workflow_id),
  CONSTRAINT workflow_retentions_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows(id) ON DELETE CASCADE
);
COMMENT ON TABLE workflow_retentions IS 'how long the latest version wants its runs kept; null is the server''s default, infinity for ever';

CREATE TABLE workflow_versions (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  workflow_id uuid NOT NULL,
  version integer NOT NULL,
  kind text NOT NULL,
  definition json NOT NULL,
  definition_hash bytea NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  created_by text,
  origin json,
  CONSTRAINT workflow_versions_pkey PRIMARY KEY (id),
  CONSTRAINT workflow_versions_workflow_id_version_key UNIQUE (workflow_id, version),
  CONSTRAINT workflow_versions_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows(id)
);

CREATE TABLE workflows (
  id uuid NOT NULL,
  tenant_id text NOT NULL,
  namespace text NOT NULL,
  name text NOT NULL,
  source text NOT NULL,
  latest_version integer NOT NULL,
  description text,
  tags text[] DEFAULT '{}'::text[] NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  deleted_at timestamp(3) with time zone,
  kind text DEFAULT 'workflow'::text NOT NULL,
  lifecycle text,
  CONSTRAINT workflows_pkey PRIMARY KEY (id),
  CONSTRAINT workflows_kind_check CHECK (kind = ANY (ARRAY['workflow'::text, 'agent'::text, 'internal'::text])),
  CONSTRAINT workflows_lifecycle_check CHECK (lifecycle = ANY (ARRAY['draft'::text, 'paused'::text]))
);
CREATE INDEX workflows_tenant_id_id_idx ON workflows USING btree (tenant_id, id);
CREATE UNIQUE INDEX workflows_tenant_id_namespace_name_key ON workflows USING btree (tenant_id, namespace, name) WHERE (deleted_at IS NULL);
COMMENT ON COLUMN workflows.kind IS 'agents have no namespace, which keeps their names apart from those of workflows';
COMMENT ON COLUMN workflows.lifecycle IS 'of agents: why no run of it starts; null when it is deployed';
