import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What agents remember: conversations and their order of turns, and texts that are found by meaning. */
export class CreateMemory1764600000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE memory_sessions (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        agent text NOT NULL,
        session text NOT NULL,
        subject text,
        summary text,
        summarized_to integer NOT NULL DEFAULT 0,
        messages integer NOT NULL DEFAULT 0,
        tokens bigint NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        used_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3),
        CONSTRAINT memory_sessions_pkey PRIMARY KEY (id),
        CONSTRAINT memory_sessions_tenant_id_agent_session_key UNIQUE (tenant_id, agent, session)
      ) WITH (fillfactor = 70);
      CREATE INDEX memory_sessions_subject_idx ON memory_sessions (tenant_id, agent, subject) WHERE subject IS NOT NULL;
      CREATE INDEX memory_sessions_expires_at_idx ON memory_sessions (expires_at) WHERE expires_at IS NOT NULL;
      COMMENT ON COLUMN memory_sessions.agent IS 'by name: memory outlives an agent that is deleted, and is erased by request';
      COMMENT ON COLUMN memory_sessions.subject IS 'whom it is about, for erasure and for what may be recalled';
      COMMENT ON COLUMN memory_sessions.summarized_to IS 'position of the last message that the summary covers';
      COMMENT ON COLUMN memory_sessions.messages IS 'how many there are: the position of the last';
      COMMENT ON COLUMN memory_sessions.tokens IS 'of all messages, estimated';

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
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT memory_messages_pkey PRIMARY KEY (session_id, position),
        CONSTRAINT memory_messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES memory_sessions (id) ON DELETE CASCADE,
        CONSTRAINT memory_messages_role_check CHECK (role IN ('user', 'assistant'))
      );
      COMMENT ON COLUMN memory_messages.run_id IS 'the turn that said it, with step; the run may be deleted before';

      CREATE TABLE memory_turns (
        run_id uuid NOT NULL,
        step text NOT NULL,
        tenant_id text NOT NULL,
        agent text NOT NULL,
        session text NOT NULL,
        subject text,
        state text NOT NULL,
        remembered boolean NOT NULL DEFAULT true,
        place bigint GENERATED ALWAYS AS IDENTITY,
        asked_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT memory_turns_pkey PRIMARY KEY (run_id, step),
        CONSTRAINT memory_turns_state_check CHECK (state IN ('waiting', 'begun', 'done'))
      ) WITH (fillfactor = 70);
      CREATE INDEX memory_turns_line_idx ON memory_turns (tenant_id, agent, session, place) WHERE state <> 'done';
      COMMENT ON TABLE memory_turns IS 'the line before each session: one turn has begun, others wait; done ones are kept while their run lives';
      COMMENT ON COLUMN memory_turns.session IS 'empty once it is done';
      COMMENT ON COLUMN memory_turns.remembered IS 'false: what it has read was erased meanwhile, so it leaves nothing';
      COMMENT ON COLUMN memory_turns.place IS 'in the order in which they asked: given under the lock of the session';
      COMMENT ON COLUMN memory_turns.asked_at IS 'for the last time';

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
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3),
        CONSTRAINT memory_entries_pkey PRIMARY KEY (id),
        CONSTRAINT memory_entries_source_check CHECK (source IN ('fact', 'turn'))
      );
      CREATE INDEX memory_entries_tenant_id_agent_id_idx ON memory_entries (tenant_id, agent, id);
      CREATE INDEX memory_entries_session_idx ON memory_entries (tenant_id, agent, session) WHERE session IS NOT NULL;
      CREATE INDEX memory_entries_subject_idx ON memory_entries (tenant_id, agent, subject) WHERE subject IS NOT NULL;
      CREATE INDEX memory_entries_expires_at_idx ON memory_entries (expires_at) WHERE expires_at IS NOT NULL;
      COMMENT ON TABLE memory_entries IS 'semantic memory: facts, and what was kept of turns';
      COMMENT ON COLUMN memory_entries.session IS 'the conversation it is from, whose erasure it goes with';
      COMMENT ON COLUMN memory_entries.embedding IS 'a unit vector of the local model';
      ALTER TABLE memory_entries ALTER COLUMN embedding SET STORAGE EXTERNAL;
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE memory_entries, memory_turns, memory_messages, memory_sessions');
  }
}
