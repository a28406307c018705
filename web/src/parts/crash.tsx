import { Button } from 'antd';
import { Component, type ReactNode } from 'react';
import { Notice } from './states.tsx';

/** If a page fails to draw, it says so instead of leaving a white screen. */
export class Crash extends Component<{ readonly children: ReactNode }, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Notice symbol="✘" title="This page could not be drawn" role="alert">
        <p>{this.state.error.message}</p>
        <Button onClick={() => window.location.reload()}>Load it again</Button>
      </Notice>
    );
  }
}
