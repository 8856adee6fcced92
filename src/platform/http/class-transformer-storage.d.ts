declare module 'class-transformer/cjs/storage.js' {
  /** Where the decorators of class-transformer are kept; the package does not type this path. */
  export const defaultMetadataStorage: {
    findTypeMetadata(target: Function, property: string): { typeFunction(): unknown } | undefined;
    findExposeMetadata(target: Function, property: string): unknown;
    findExcludeMetadata(target: Function, property: string): unknown;
    findTransformMetadatas(target: Function, property: string, transformation: number): readonly unknown[];
  };
}
