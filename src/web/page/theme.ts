/** Colours of the page that are needed outside its stylesheet, which has them as `--paper`. */
export const PAPER = { light: '#fbf5ea', dark: '#14172a' } as const;
