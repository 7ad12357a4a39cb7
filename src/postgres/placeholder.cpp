namespace bazaar {}
