import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Collections of documents, cut into chunks that are found by meaning and by words. */
export class CreateRag1764400000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE rag_collections (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        name text NOT NULL,
        description text,
        embedding json NOT NULL,
        chunking json NOT NULL,
        language regconfig NOT NULL,
        reranker json,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
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
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT rag_documents_pkey PRIMARY KEY (collection_id, id),
        CONSTRAINT rag_documents_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES rag_collections (id) ON DELETE CASCADE
      );
      COMMENT ON COLUMN rag_documents.revision IS 'of its content: chunks of an older one are not put in';
      COMMENT ON COLUMN rag_documents.chunks IS 'null until the present content can be found';

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
        CONSTRAINT rag_chunks_document_fkey FOREIGN KEY (collection_id, document_id) REFERENCES rag_documents (collection_id, id) ON DELETE CASCADE
      );
      COMMENT ON COLUMN rag_chunks.position IS 'of its first character in the document';
      COMMENT ON COLUMN rag_chunks.embedding IS 'a unit vector; with pgvector, large collections have an index over it as vector or halfvec';
      ALTER TABLE rag_chunks ALTER COLUMN embedding SET STORAGE EXTERNAL;
      CREATE INDEX rag_chunks_words_idx ON rag_chunks USING gin (words);
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE rag_chunks, rag_documents, rag_collections');
  }
}
