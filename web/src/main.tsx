import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import './styles.css';
import './operations.css';
import './network.css';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no #root');
// Without StrictMode: its second mount makes Graphin 3.0 draw into the graph that the first unmount has destroyed.
createRoot(root).render(<App />);
