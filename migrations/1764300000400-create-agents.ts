import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Agents are kept like workflows, as what their runs execute. Beside them: which models are down, and what was spent. */
export class CreateAgents1764300000400 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE workflows
        ADD COLUMN kind text NOT NULL DEFAULT 'workflow',
        ADD CONSTRAINT workflows_kind_check CHECK (kind IN ('workflow', 'agent'));
      COMMENT ON COLUMN workflows.kind IS 'agents have no namespace, which keeps their names apart from those of workflows';

      CREATE TABLE model_circuits (
        tenant_id text NOT NULL,
        target text NOT NULL,
        failures integer NOT NULL DEFAULT 0,
        open_until timestamptz(3),
        latency_ms double precision NOT NULL DEFAULT 0,
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT model_circuits_pkey PRIMARY KEY (tenant_id, target)
      ) WITH (fillfactor = 70);
      COMMENT ON TABLE model_circuits IS 'which models failed of late, over all nodes; half open once open_until is past';

      CREATE TABLE agent_budgets (
        tenant_id text NOT NULL,
        scope text NOT NULL,
        subject text NOT NULL,
        day date NOT NULL,
        tokens_spent bigint NOT NULL DEFAULT 0,
        tokens_held bigint NOT NULL DEFAULT 0,
        nanodollars_spent bigint NOT NULL DEFAULT 0,
        nanodollars_held bigint NOT NULL DEFAULT 0,
        tool_calls bigint NOT NULL DEFAULT 0,
        CONSTRAINT agent_budgets_pkey PRIMARY KEY (tenant_id, scope, subject, day),
        CONSTRAINT agent_budgets_scope_check CHECK (scope IN ('session', 'agent', 'key', 'tenant'))
      ) WITH (fillfactor = 70);
      COMMENT ON TABLE agent_budgets IS 'what was spent in a UTC day, or by a session in all (day -infinity), and what is held for calls under way';

      CREATE TABLE agent_budget_holds (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        run_id uuid NOT NULL,
        step text NOT NULL,
        scopes json NOT NULL,
        tokens bigint NOT NULL,
        nanodollars bigint NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT agent_budget_holds_pkey PRIMARY KEY (id)
      );
      CREATE INDEX agent_budget_holds_run_id_step_idx ON agent_budget_holds (run_id, step);
      COMMENT ON TABLE agent_budget_holds IS 'room that calls under way may use; what nobody settles counts as spent';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE agent_budget_holds, agent_budgets, model_circuits');
    await queryRunner.query(`DELETE FROM workflow_versions v USING workflows w WHERE w.id = v.workflow_id AND w.kind = 'agent'`);
    await queryRunner.query(`DELETE FROM workflows WHERE kind = 'agent'`);
    await queryRunner.query('ALTER TABLE workflows DROP COLUMN kind');
  }
}
