import { mount } from 'svelte';
import './look.css';
import App from './app.svelte';
import { listen } from './lib/keyboard';
import { live } from './lib/state/live.svelte';

live.start();
listen();
mount(App, { target: document.body });
