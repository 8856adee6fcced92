declare module 'class-transformer/cjs/storage.js' {
  /** Where `@Type` decorators are kept; the package does not type this path. */
  export const defaultMetadataStorage: {
    findTypeMetadata(target: Function, property: string): { typeFunction(): unknown } | undefined;
  };
}
