throw new Error('this contract cannot be loaded');
