import type { ReactNode } from 'react';

const WIDTH = 340;

interface Props {
  /** Where the pointer is in the window, pixels. */
  readonly at: { readonly x: number; readonly y: number };
  readonly children: ReactNode;
}

/** A card beside the pointer, on the side where there is room. */
export function PointerCard({ at: { x, y }, children }: Props) {
  const left = x + WIDTH + 30 > window.innerWidth ? x - WIDTH - 16 : x + 16;
  const below = y <= window.innerHeight * 0.6;
  const style = { width: WIDTH, left, ...(below ? { top: y + 12 } : { bottom: window.innerHeight - y + 12 }) };
  return (
    <div className="hover-card" style={style} role="tooltip">
      {children}
    </div>
  );
}
