import { useSyncExternalStore } from 'react';

const dark = window.matchMedia('(prefers-color-scheme: dark)');

/** Whether the person's system asks for dark; follows it when it changes. */
export function useDark(): boolean {
  return useSyncExternalStore(
    (changed) => {
      dark.addEventListener('change', changed);
      return () => dark.removeEventListener('change', changed);
    },
    () => dark.matches,
  );
}

/** Colours that a canvas needs by value; the same as the custom properties in styles.css. */
export interface Palette {
  readonly panel: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly good: string;
  /** Not well, but not bad either. */
  readonly warn: string;
  readonly bad: string;
  readonly unknown: string;
  readonly accent: string;
  readonly hulls: readonly string[];
  /** Of a chart. */
  readonly grid: string;
  /** Lines of a chart, in order; each stands out from the panel by 3 to 1. */
  readonly lines: readonly string[];
}
export const PALETTES: Readonly<Record<'light' | 'dark', Palette>> = {
  light: {
    panel: '#ffffff',
    text: '#1c2430',
    muted: '#596474',
    line: '#aab4c2',
    good: '#187a48',
    warn: '#8a5a00',
    bad: '#c42b2b',
    unknown: '#5f6a79',
    accent: '#2257c9',
    hulls: ['#e9effb', '#f3ecfa', '#e6f4f1', '#fbf1e0', '#fae9ee', '#edf1e2'],
    grid: '#e8ecf1',
    lines: ['#2257c9', '#b4501a', '#187a60', '#8a3fc0', '#a06a00', '#b8336f'],
  },
  dark: {
    panel: '#18202b',
    text: '#e7ecf3',
    muted: '#9ca8b8',
    line: '#536071',
    good: '#4fc58d',
    warn: '#e2b04a',
    bad: '#ff7f77',
    unknown: '#9ca8b8',
    accent: '#82adff',
    hulls: ['#1c2740', '#2a2140', '#16302f', '#33291a', '#351f29', '#272e1c'],
    grid: '#263140',
    lines: ['#82adff', '#f29a62', '#4fc5a2', '#c69bf5', '#e2b04a', '#f58ab8'],
  },
};
