import { useSearchParams } from 'react-router';

/** Puts parameters into the page's address, in place of what it says of them; null takes one out. */
export function usePutAddress(): (changes: Readonly<Record<string, string | null>>) => void {
  const [, setParams] = useSearchParams();
  return (changes) => {
    // From the address as it is, not as it was drawn last: drawing may lag behind what was chosen a moment ago.
    const next = new URLSearchParams(window.location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) next.delete(name);
      else next.set(name, value);
    }
    setParams(next, { replace: true, preventScrollReset: true });
  };
}
