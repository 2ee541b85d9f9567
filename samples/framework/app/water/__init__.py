'''
The water itself: tides, depths and weather.
'''
