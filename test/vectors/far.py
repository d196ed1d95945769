def far_cases():
    return []
