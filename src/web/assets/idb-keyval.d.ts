/** The page imports the library from where the server puts it (`page/assets.ts`). */
export * from 'idb-keyval';
